/** @file A lock on the folder of a run, so that two runs cannot write there at the same time. */

import { hostname } from "node:os";
import { join } from "node:path";
import { UsageError } from "../errors.js";
import { type Lock, takeLock } from "../lock.js";

/** Name of the lock file. */
export const FOLDER_LOCK = ".lock";

/**
 * Takes the lock of `folder`, which is created if necessary. A lock whose process has died is taken over.
 *
 * @throws {UsageError} if a living process holds it
 * @throws {MachineError} if the folder cannot be written to
 */
export async function lockFolder(folder: string): Promise<Lock> {
  const path = join(folder, FOLDER_LOCK);
  const taken = await takeLock(path);
  if ("release" in taken) return taken;
  const { pid, host } = taken;
  throw new UsageError(
    "folder-in-use",
    { file: folder, reason: String(pid) },
    `"${folder}" is in use by process ${pid || "?"}${host === hostname() ? "" : ` on ${host || "?"}`}: two runs cannot write to ` +
      `one folder. Give another folder, or wait for it; if no such process runs, remove "${path}"`,
  );
}
