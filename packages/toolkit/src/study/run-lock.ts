/**
 * @file A lock on a run of a study, for workers on one machine or on many that share the folder. Its holder touches the file every
 * few seconds. A lock whose process is gone, or that nobody has touched for a while, is taken over.
 */

import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeFailure } from "../files.js";
import { isAlive } from "../temporary.js";

const NAME = "lock";

export interface LockTimes {
  /** Between two touches. */
  readonly heartbeatMs: number;
  /** Without a touch for so long, the holder is gone. Steps of a task can keep a process from touching for some seconds. */
  readonly staleMs: number;
}

const standardTimes: LockTimes = { heartbeatMs: 5000, staleMs: 120_000 };

export interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly token: string;
}

export interface RunLock {
  release(): Promise<void>;
}

/**
 * @param folder of the run, made where absent
 * @returns the lock, or who has it
 * @throws {MachineError} where the folder cannot be written to
 */
export async function takeRunLock(folder: string, times: LockTimes = standardTimes): Promise<RunLock | Holder> {
  const path = join(folder, NAME);
  const own: Holder = { pid: process.pid, host: hostname(), token: randomUUID() };
  for (;;) {
    try {
      await mkdir(folder, { recursive: true });
      const file = await open(path, "wx");
      await file.writeFile(JSON.stringify(own));
      await file.close();
      return held(path, own, times);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw writeFailure(path, error);
    }
    const holder = await readHolder(path);
    if (await isHeld(path, holder, times)) return holder;
    await removeLock(path, holder);
  }
}

/** Who works on a run at the moment, as far as the lock's age tells. */
export async function currentHolder(folder: string, times: LockTimes = standardTimes): Promise<Holder | undefined> {
  const path = join(folder, NAME);
  const touched = await touchedAt(path);
  if (touched === undefined) return undefined;
  const holder = await readHolder(path);
  return isGone(holder) || Date.now() - touched > times.staleMs ? undefined : holder;
}

const isGone = ({ pid, host }: Holder): boolean => host === hostname() && !isAlive(pid);

/** Clocks of machines differ, so that an old lock is watched before it counts as left behind. */
async function isHeld(path: string, holder: Holder, { heartbeatMs, staleMs }: LockTimes): Promise<boolean> {
  const first = await touchedAt(path);
  if (first === undefined || isGone(holder)) return false;
  if (Date.now() - first < 2 * heartbeatMs) return true;
  for (const begun = Date.now(); Date.now() - begun < staleMs; ) {
    await sleep(Math.min(heartbeatMs, staleMs));
    const now = await touchedAt(path);
    if (now === undefined || isGone(holder)) return false;
    if (now !== first) return true;
  }
  return false;
}

/** Milliseconds since 1970 by the clock of the file system; nothing where there is no lock. */
const touchedAt = async (path: string): Promise<number | undefined> =>
  (await stat(path).catch(() => undefined))?.mtimeMs;

async function readHolder(path: string): Promise<Holder> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Holder;
  } catch {
    return { pid: 0, host: "", token: "" }; // Cut, or just removed.
  }
}

function held(path: string, own: Holder, { heartbeatMs }: LockTimes): RunLock {
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

/** Removes the lock of this holder only: of several that want to, one succeeds. */
async function removeLock(path: string, { token }: Holder): Promise<void> {
  if ((await readHolder(path)).token !== token) return;
  const aside = `${path}-${randomUUID()}`;
  await rename(path, aside).catch(() => undefined);
  await rm(aside, { force: true });
}
