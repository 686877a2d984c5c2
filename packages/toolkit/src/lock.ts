/**
 * @file A lock: a file that names its holder, for processes on one machine or on several that share the folder. The holder
 * updates its time every few seconds. Another process takes the lock over if the holder's process has ended, or if it cannot be
 * found and the file has not been updated for a while.
 */

import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeFailure } from "./files.js";
import { isAlive, place, startOf } from "./processes.js";
import { removeAbandoned, temporaryName } from "./temporary.js";

export interface LockTimes {
  /** Milliseconds between two updates. */
  readonly heartbeatMs: number;
  /**
   * Milliseconds without an update after which an unknown holder is considered gone. Steps of a task can delay an update by
   * some seconds.
   */
  readonly staleMs: number;
}

const standardTimes: LockTimes = { heartbeatMs: 5000, staleMs: 120_000 };

export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** `place` of the process; together with `pid` and `start` it identifies the process. */
  readonly place: string;
  readonly start?: number | undefined;
  readonly token: string;
}

export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the lock unless another process holds it.
 * @param path the lock file; its folder is created if necessary
 * @returns the lock, or its current holder
 * @throws {MachineError} if the folder cannot be written to
 */
export async function takeLock(path: string, times: LockTimes = standardTimes): Promise<Lock | Holder> {
  const own: Holder = {
    pid: process.pid,
    host: hostname(),
    place,
    start: startOf(process.pid),
    token: randomUUID(),
  };
  for (;;) {
    try {
      await mkdir(dirname(path), { recursive: true });
      await createWhole(path, JSON.stringify(own));
      return held(path, own, times);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw writeFailure(path, error);
    }
    const holder = await readHolder(path);
    if (await isHeld(path, holder, times)) return holder;
    await removeLock(path, holder);
  }
}

/** The holder of a lock; undefined if there is none, or if its process has ended or has not updated the lock for a while. */
export async function currentHolder(path: string, times: LockTimes = standardTimes): Promise<Holder | undefined> {
  const touched = await touchedAt(path);
  if (touched === undefined) return undefined;
  const holder = await readHolder(path);
  const isActive = whetherActive(holder) ?? Date.now() - touched <= times.staleMs;
  return isActive ? holder : undefined;
}

/**
 * Makes a file that never appears empty. If a process were killed between opening and writing, it would leave a lock
 * without a holder, which looks like a lock that is just being taken. Fails with EEXIST if the file exists.
 */
async function createWhole(path: string, text: string): Promise<void> {
  removeAbandoned(dirname(path), basename(path));
  const temporary = join(dirname(path), temporaryName(basename(path)));
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

/** Whether the holder still runs; undefined if only the lock's age can tell. */
function whetherActive({ pid, start, place: at }: Holder): boolean | undefined {
  if (at !== place) return undefined;
  if (!isAlive(pid)) return false;
  return start === undefined ? undefined : startOf(pid) === start;
}

/** Clocks of machines differ, so an old lock is watched for a while before it is considered abandoned. */
async function isHeld(path: string, holder: Holder, { heartbeatMs, staleMs }: LockTimes): Promise<boolean> {
  const first = await touchedAt(path);
  if (first === undefined) return false;
  const isActive = whetherActive(holder);
  if (isActive !== undefined) return isActive;
  if (Date.now() - first < 2 * heartbeatMs) return true;
  for (const begun = Date.now(); Date.now() - begun < staleMs; ) {
    await sleep(Math.min(heartbeatMs, staleMs));
    const now = await touchedAt(path);
    if (now === undefined || whetherActive(holder) === false) return false;
    if (now !== first) return true;
  }
  return false;
}

/** Milliseconds since 1970 by the clock of the file system; undefined if there is no lock. */
const touchedAt = async (path: string): Promise<number | undefined> =>
  (await stat(path).catch(() => undefined))?.mtimeMs;

const nobody: Holder = { pid: 0, host: "", place: "", token: "" };

async function readHolder(path: string): Promise<Holder> {
  try {
    return (JSON.parse(await readFile(path, "utf8")) as Holder | null) ?? nobody;
  } catch {
    return nobody; // The file was truncated, written by an earlier version, or just removed.
  }
}

function held(path: string, own: Holder, { heartbeatMs }: LockTimes): Lock {
  const beat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, heartbeatMs);
  beat.unref();
  return {
    release: async () => {
      clearInterval(beat);
      await removeLock(path, own);
    },
  };
}

/** Removes the lock if it is still this holder's. If several processes try to remove it, one succeeds. */
async function removeLock(path: string, { token }: Holder): Promise<void> {
  if ((await readHolder(path)).token !== token) return;
  const aside = join(dirname(path), temporaryName(basename(path)));
  await rename(path, aside).catch(() => undefined);
  // The file that was moved may be a newer lock of another process: then it is put back.
  if ((await readHolder(aside)).token !== token) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}
