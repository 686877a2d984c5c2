/** @file Writes files so that a crash, a full disk or Ctrl-C leaves either the old content or the new, never a part. */

import { constants } from "node:fs";
import { access, mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { MachineError } from "./errors.js";
import { statIfPresent } from "./present.js";
import { removeAbandoned, temporaryName } from "./temporary.js";

const advice: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full; free some space, or write to another disk",
  EDQUOT: "the disk quota is used up; free some space, or write to another disk",
  EACCES: "permission is denied; choose a place that you may write to, or change the permissions",
  EPERM: "permission is denied; choose a place that you may write to, or change the permissions",
  EROFS: "the file system is read-only; write to another place",
  EISDIR: "there is a folder of that name; choose another name, or remove it",
  ENOTDIR: "a part of the path is a file, not a folder; choose another path",
  EEXIST: "a part of the path is a file, not a folder; choose another path",
  EMFILE: "too many files are open; raise the limit (ulimit -n), or use fewer threads",
  EIO: "the disk reports an input/output error; check the disk",
};

/**
 * Replaces the content of the file `path` by `data`; an iterable is written part by part. This writes a temporary file in the
 * same folder (which is created if necessary), syncs it, and renames it over the old one. The folder is synced too, so that the
 * new name survives a power failure. Temporary files of the same path that a killed process left are removed.
 *
 * @throws {MachineError} if the operating system refuses (disk full, no permission…); an earlier file is then intact, and the
 * temporary one is removed.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array | Iterable<Uint8Array>): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, temporaryName(basename(path)));
  try {
    await mkdir(folder, { recursive: true });
    removeAbandoned(folder, basename(path));
    const file = await open(temporary, "wx");
    try {
      await writeFile(file, data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // The first failure is the one to report.
    throw writeFailure(path, error);
  }
}

/**
 * Checks, before the work begins, whether `writeFileAtomic` could write the result: no folder has that name, no part of the
 * path is a file, and permissions suffice. It writes nothing.
 *
 * @throws {MachineError} as `writeFileAtomic` would
 */
export async function checkWritable(path: string): Promise<void> {
  const problem = await problemOf(path).catch((error: unknown) => error);
  if (problem !== undefined) throw writeFailure(path, problem);
}

/** The error code with which writing `path` would fail, as far as that can be known without trying. */
async function problemOf(path: string): Promise<{ readonly code: string } | undefined> {
  if ((await statIfPresent(path))?.isDirectory()) return { code: "EISDIR" };
  let folder = dirname(resolve(path));
  let found = await statIfPresent(folder);
  while (found === undefined && folder !== dirname(folder)) {
    folder = dirname(folder);
    found = await statIfPresent(folder);
  }
  if (found?.isDirectory() === false) return { code: "ENOTDIR" };
  await access(folder, constants.W_OK | constants.X_OK);
  return undefined;
}

/**
 * Renames a synced file within its folder, and replaces an earlier file of that name.
 *
 * @throws {MachineError} if the operating system refuses; both files are then as they were.
 */
export async function renameFile(path: string, newPath: string): Promise<void> {
  try {
    await rename(path, newPath);
    await syncFolder(dirname(newPath));
  } catch (error) {
    throw writeFailure(newPath, error);
  }
}

/**
 * Syncs a folder if the system can do so (Windows cannot open one). A failure is ignored, because the rename is already done.
 */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {}
}

/** Turns an error of the operating system about writing `path` into an error that says what to do. */
export function writeFailure(path: string, error: unknown): MachineError {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const reason = advice[code] ?? (error instanceof Error ? error.message : String(error));
  return new MachineError(
    isDiskFull(error) ? "disk-full" : "write-failed",
    { file: path, reason },
    `"${path}" could not be written: ${reason}. Earlier content of that file is intact.`,
    { cause: error },
  );
}

/** Whether the operating system refused to write because the disk or the quota is full. */
export const isDiskFull = (error: unknown): boolean =>
  ["ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException).code ?? "");
