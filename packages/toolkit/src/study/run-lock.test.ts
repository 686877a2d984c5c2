import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { currentHolder, type RunLock, takeRunLock } from "./run-lock.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "subbyte-lock-"));
});
afterEach(() => rm(folder, { recursive: true }));

const times = { heartbeatMs: 20, staleMs: 200 };
const take = () => takeRunLock(folder, times);
const isLock = (taken: Awaited<ReturnType<typeof take>>): taken is RunLock => "release" in taken;

async function leftBy(pid: number, host: string, ageMs: number): Promise<void> {
  const path = join(folder, "lock");
  await writeFile(path, JSON.stringify({ pid, host, token: "theirs" }));
  const then = new Date(Date.now() - ageMs);
  await utimes(path, then, then);
}

test("one of many gets the lock, the others learn who has it; released, it is free", async () => {
  const taken = await Promise.all(Array.from({ length: 8 }, take));
  const [lock, ...more] = taken.filter(isLock);
  expect(more).toEqual([]);
  for (const other of taken) if (!isLock(other)) expect(other).toMatchObject({ pid: process.pid, host: hostname() });
  expect(await currentHolder(folder, times)).toMatchObject({ pid: process.pid });
  await lock!.release();
  expect(await currentHolder(folder, times)).toBeUndefined();
  expect(await readdir(folder)).toEqual([]);
  const again = await take();
  expect(isLock(again)).toBe(true);
  if (isLock(again)) await again.release();
});

test("a lock of a process of this machine that is gone is taken over at once", async () => {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.on("exit", resolve));
  await leftBy(child.pid!, hostname(), 0);
  expect(await currentHolder(folder, times)).toBeUndefined();
  const lock = await takeRunLock(folder); // With the usual times: nothing is waited for.
  expect(isLock(lock)).toBe(true);
  if (isLock(lock)) await lock.release();
});

test("a lock from another machine is respected while it is touched, and taken over when it is not", async () => {
  await leftBy(1, "elsewhere", 0);
  expect(await take()).toMatchObject({ host: "elsewhere" });
  await leftBy(1, "elsewhere", 60_000);
  const touching = setInterval(() => void utimes(join(folder, "lock"), new Date(), new Date(Date.now() - 30_000)), 50);
  expect(await take()).toMatchObject({ host: "elsewhere" });
  clearInterval(touching);
  await leftBy(1, "elsewhere", 60_000);
  const lock = await take();
  expect(isLock(lock)).toBe(true);
  if (isLock(lock)) await lock.release();
});
