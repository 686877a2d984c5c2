import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeFileAtomic } from "./files.js";
import { removeAbandoned, temporaryName } from "./temporary.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "subbyte-temporary-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A temporary file's name as a process gives it that has ended by now. */
const nameOfDead = (name: string): string => {
  const id = execFileSync(process.execPath, ["-p", "process.pid"], { encoding: "utf8" }).trim();
  return temporaryName(name).replace(`.${process.pid}-`, `.${id}-`);
};

test("what a dead process left is removed; what is in use, of another machine or of another name is not", async () => {
  const dead = nameOfDead("model.sbq");
  const kept = [
    temporaryName("model.sbq"),
    dead.replace(/-[0-9a-f]{8}\./, "-00000000."),
    nameOfDead("other.sbq"),
    ".notes.tmp",
    "model.sbq.tmp",
  ].sort();
  for (const name of [dead, ...kept]) await writeFile(join(folder, name), "half");
  removeAbandoned(folder, "model.sbq");
  expect((await readdir(folder)).sort()).toEqual(kept);
  removeAbandoned(folder);
  expect((await readdir(folder)).sort()).toEqual(kept.filter((name) => !name.startsWith(".other")));
  removeAbandoned(join(folder, "absent"));
});

test("writing a file removes what was left of it", async () => {
  await writeFile(join(folder, nameOfDead("model.sbq")), "half");
  await writeFileAtomic(join(folder, "model.sbq"), "whole");
  expect(await readdir(folder)).toEqual(["model.sbq"]);
});
