import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MachineError } from "./errors.js";
import { checkWritable, writeFailure, writeFileAtomic } from "./files.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "subbyte-files-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("writes, makes missing folders, replaces, and leaves no temporary file", async () => {
  const path = join(folder, "a", "b.txt");
  await writeFileAtomic(path, "one");
  await writeFileAtomic(path, Uint8Array.from([0x32]));
  expect(await readFile(path, "utf8")).toBe("2");
  expect(await readdir(join(folder, "a"))).toEqual(["b.txt"]);
});

test("a name that is a folder is refused, told, and leaves nothing behind", async () => {
  await mkdir(join(folder, "taken", "inner"), { recursive: true });
  const failure = await writeFileAtomic(join(folder, "taken"), "x").catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(MachineError);
  expect((failure as Error).message).toMatch(/taken.*could not be written: there is a folder of that name/);
  expect(await readdir(folder)).toEqual(["taken"]);
});

test("a path through a file is refused and the file intact", async () => {
  await writeFile(join(folder, "file"), "old");
  await expect(writeFileAtomic(join(folder, "file", "x"), "new")).rejects.toThrow(/a part of the path is a file/);
  expect(await readFile(join(folder, "file"), "utf8")).toBe("old");
});

test("what cannot be written is known before the work, and nothing is made", async () => {
  await mkdir(join(folder, "taken"));
  await writeFile(join(folder, "file"), "old");
  await expect(checkWritable(join(folder, "taken"))).rejects.toThrow(/taken" could not be written: there is a folder/);
  await expect(checkWritable(join(folder, "file", "x"))).rejects.toThrow(/a part of the path is a file/);
  await expect(checkWritable(join(folder, "file", "deeper", "x"))).rejects.toThrow(/a part of the path is a file/);
  await checkWritable(join(folder, "file"));
  await checkWritable(join(folder, "new", "deeper", "x"));
  expect((await readdir(folder)).toSorted()).toEqual(["file", "taken"]);
});

test.skipIf(process.getuid?.() === 0)("a folder without write permission is a MachineError", async () => {
  await chmod(folder, 0o500);
  await expect(writeFileAtomic(join(folder, "x"), "new")).rejects.toThrow(/permission is denied/);
  await expect(checkWritable(join(folder, "x"))).rejects.toThrow(/permission is denied/);
  await chmod(folder, 0o700);
});

test("a full disk is told as such", () => {
  const failure = writeFailure("out/last.safetensors", Object.assign(new Error("ENOSPC: write"), { code: "ENOSPC" }));
  expect(failure).toBeInstanceOf(MachineError);
  expect(failure.message).toBe(
    '"out/last.safetensors" could not be written: the disk is full; free some space, or write to another disk. ' +
      "Earlier content of that file is intact.",
  );
});
