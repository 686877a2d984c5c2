import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readRecord } from "./record.js";
import { RunFolder } from "./study-folder.js";

let path: string;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), "subbyte-run-"));
});
afterEach(() => rm(path, { recursive: true, force: true }));

test("files of another run with the same name are removed, files of the same run are kept", async () => {
  const files = new RunFolder(path);
  await files.begin({ key: "one" });
  await writeFile(files.model, "weights");
  await files.begin({ key: "one" });
  expect(existsSync(files.model)).toBe(true);
  await files.begin({ key: "two" });
  expect(existsSync(files.model)).toBe(false);
});

test("where the key cannot be read, nothing is removed", async () => {
  const files = new RunFolder(path);
  await mkdir(files.key); // It exists, and reading it fails.
  await writeFile(files.model, "weights");
  await expect(files.begin({ key: "one" })).rejects.toMatchObject({ code: "EISDIR", path: files.key });
  expect(existsSync(files.model)).toBe(true);
});

test("a result that cannot be read is not taken for an absent one", async () => {
  const files = new RunFolder(path);
  expect(await readRecord(files.result, { key: "one" })).toEqual({ state: "absent" });
  await mkdir(files.result);
  await expect(readRecord(files.result, { key: "one" })).rejects.toMatchObject({ code: "EISDIR", path: files.result });
});
