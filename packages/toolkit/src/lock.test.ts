import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { currentHolder, type Lock, takeLock } from "./lock.js";
import { place, startOf } from "./processes.js";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "subbyte-lock-"));
  path = join(folder, "lock");
});
afterEach(() => rm(folder, { recursive: true }));

const times = { heartbeatMs: 20, staleMs: 200 };
const take = () => takeLock(path, times);
const isLock = (taken: Awaited<ReturnType<typeof take>>): taken is Lock => "release" in taken;

async function left(content: string | object, ageMs: number): Promise<void> {
  await writeFile(path, typeof content === "string" ? content : JSON.stringify({ ...content, token: "theirs" }));
  const then = new Date(Date.now() - ageMs);
  await utimes(path, then, then);
}

const elsewhere = { pid: 1, host: "elsewhere", place: "00000000" };

/** The id of a process that has ended. */
async function ended(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.on("exit", resolve));
  return child.pid!;
}

/** One of many gets the lock, the others learn who has it. */
async function takenByOne(): Promise<Lock> {
  const taken = await Promise.all(Array.from({ length: 8 }, () => takeLock(path)));
  const [lock, ...more] = taken.filter(isLock);
  expect(more).toEqual([]);
  for (const other of taken) if (!isLock(other)) expect(other).toMatchObject({ pid: process.pid, host: hostname() });
  return lock!;
}

test("one of many gets the lock; released, it is free", async () => {
  const lock = await takenByOne();
  expect(await currentHolder(path, times)).toMatchObject({ pid: process.pid });
  await lock.release();
  expect(await currentHolder(path, times)).toBeUndefined();
  expect(await readdir(folder)).toEqual([]);
  await (await takenByOne()).release();
});

test("a lock of a process of this machine that is gone is taken over at once, by one", async () => {
  await left({ pid: await ended(), host: hostname(), place }, 0);
  expect(await currentHolder(path, times)).toBeUndefined();
  await (await takenByOne()).release(); // With the usual times: nothing is waited for.
  expect(await readdir(folder)).toEqual([]);
});

test.skipIf(startOf(process.pid) === undefined)("a process is known by its start, too", async () => {
  const own = { pid: process.pid, host: hostname(), place, start: startOf(process.pid) };
  await left({ ...own, start: own.start! - 1 }, 0); // Of another process that had this id.
  const lock = await takeLock(path);
  expect(isLock(lock)).toBe(true);
  if (isLock(lock)) await lock.release();
  await left(own, 60_000); // Held, even if it was stopped for a minute.
  expect(await take()).toMatchObject({ pid: process.pid });
  expect(await currentHolder(path, times)).toMatchObject({ pid: process.pid });
});

test("a lock from another machine is respected while it is touched, and taken over when it is not", async () => {
  await left(elsewhere, 0);
  expect(await take()).toMatchObject({ host: "elsewhere" });
  await left(elsewhere, 60_000);
  const touching = setInterval(() => void utimes(path, new Date(), new Date(Date.now() - 30_000)), 50);
  expect(await take()).toMatchObject({ host: "elsewhere" });
  clearInterval(touching);
  await left(elsewhere, 60_000);
  const lock = await take();
  expect(isLock(lock)).toBe(true);
  if (isLock(lock)) await lock.release();
});

test.each(["", "12345 some-host\n", "null", "17", '{"pid":1'])(
  "a lock that says nothing (%j) blocks for a while only",
  async (text) => {
    await left(text, 0);
    expect(await takeLock(path)).not.toHaveProperty("release");
    await left(text, 60_000);
    const lock = await take();
    expect(isLock(lock)).toBe(true);
    if (isLock(lock)) await lock.release();
  },
);
