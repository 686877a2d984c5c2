/** @file A lock on a run's folder, so that two runs at once cannot mix their files there. */

import { mkdir, open, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { UsageError } from "../errors.js";
import { writeFailure } from "../files.js";

/** Name of the lock file. */
export const FOLDER_LOCK = ".lock";

export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Takes the lock of `folder`, which is made where absent. A lock whose process has died is taken over.
 *
 * @throws {UsageError} where a living process holds it; {MachineError} where the folder cannot be written to.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, FOLDER_LOCK);
  for (;;) {
    try {
      await mkdir(folder, { recursive: true });
      const file = await open(path, "wx");
      await file.writeFile(`${process.pid} ${hostname()}\n`);
      await file.close();
      return { release: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw writeFailure(path, error);
    }
    const holder = await readFile(path, "utf8").catch(() => "");
    const [pid, host] = holder.trim().split(" ");
    if (host !== hostname() || isAlive(Number(pid)))
      throw new UsageError(
        "folder-in-use",
        { file: folder, reason: pid ?? "?" },
        `"${folder}" is in use by process ${pid || "?"}${host && host !== hostname() ? ` on ${host}` : ""}: two runs cannot ` +
          `write to one folder. Give another folder, or wait for it; if no such process runs, remove "${path}"`,
      );
    await rm(path, { force: true });
  }
}

/** Whether this machine runs a process of that number. */
export function isAlive(pid: number): boolean {
  if (!(Number.isInteger(pid) && pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
