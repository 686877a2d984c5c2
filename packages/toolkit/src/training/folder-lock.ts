/** @file A lock on a run's folder, so that two runs at once cannot mix their files there. */

import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { UsageError } from "../errors.js";
import { writeFailure } from "../files.js";
import { isAlive, removeAbandoned, temporaryName } from "../temporary.js";

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
      await createWhole(path, `${process.pid} ${hostname()}\n`);
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

/**
 * Makes a file that is never seen empty: a process that is killed between opening and writing would leave a lock of nobody,
 * which nothing can tell from one that is being taken. Fails with EEXIST where there is such a file.
 */
async function createWhole(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  removeAbandoned(folder, basename(path));
  const temporary = join(folder, temporaryName(basename(path)));
  try {
    await writeFile(temporary, text, { flag: "wx" });
    await link(temporary, path).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") throw error;
      await writeFile(path, text, { flag: "wx" }); // a file system without hard links
    });
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}
