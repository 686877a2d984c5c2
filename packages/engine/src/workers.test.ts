/** @file Models whose worker dies or cannot be started. Node's Worker is wrapped, as a debugger would do it. */

import { createRequire, syncBuiltinESMExports } from "node:module";
import { afterAll, afterEach, expect, test } from "vitest";
import { everyOperator } from "../test/networks.js";
import { Random } from "../test/programs.js";
import { EnvironmentError } from "./errors.js";
import { writeSbq } from "./format/writer.js";
import { createReference } from "./reference/reference.js";

const threads = createRequire(import.meta.url)("node:worker_threads") as { Worker: new (...of: never[]) => Killable };
interface Killable {
  terminate(): Promise<number>;
}
const Original = threads.Worker;
let started: Killable[] = [];
let refuse = false;
threads.Worker = class extends Original {
  constructor(...of: never[]) {
    if (refuse) throw new Error("refused by policy");
    super(...of);
    started.push(this);
  }
};
syncBuiltinESMExports();
const { load } = await import("./load.js");

afterEach(() => {
  started = [];
  refuse = false;
});
afterAll(() => {
  threads.Worker = Original;
  syncBuiltinESMExports();
});

const network = everyOperator(new Random(5), { bits: 4 });
const file = writeSbq(network);
const images = new Random(6).bytes(6 * 192);
const expected = createReference(network).run(images, 6);

test("calls of a worker that dies fail at once, with a code", async () => {
  const model = await load(file, { worker: true });
  const call = model.run(images);
  const stopped = started.at(-1)!.terminate();
  await expect(call).rejects.toMatchObject({ name: "EnvironmentError", code: "worker-failed" });
  await stopped;
  await expect(model.run(images)).rejects.toMatchObject({ code: "worker-failed" });
  model.dispose();
});

test("what a dead worker of a pool had to do is done by the others", async () => {
  const model = await load(file, { threads: 3, parallel: "images" });
  const calls = Array.from({ length: 6 }, (_, n) => model.run(images.subarray(n * 192, (n + 1) * 192)));
  const batch = model.run(images);
  const stopped = started[0]!.terminate();
  expect(await batch).toEqual(expected);
  for (const [n, call] of calls.entries()) expect(await call).toEqual(expected.slice(n * 10, (n + 1) * 10));
  await stopped;
  expect(await model.run(images)).toEqual(expected);
  expect(model.threads).toBe(2);
  expect(model.fallback).toBeInstanceOf(EnvironmentError);
  model.dispose();
});

test("where a helping thread has died, this one goes on alone and says so", async () => {
  const model = await load(file, { threads: 3 });
  expect(model.threads).toBe(3);
  await started.at(-1)!.terminate();
  expect(await model.run(images)).toEqual(expected);
  expect(model.threads).toBe(1);
  expect(model.fallback?.message).toMatch(/worker ended/);
  expect(await model.run(images)).toEqual(expected);
  model.dispose();
});

test("a helper that dies unnoticed between two runs costs seconds once, and no answer", async () => {
  const model = await load(file, { threads: 2 });
  void started.at(-1)!.terminate();
  // No task of this thread runs between: its end is not known here.
  expect(await model.run(images)).toEqual(expected);
  expect(await model.run(images)).toEqual(expected);
  expect(model.threads).toBe(1);
  model.dispose();
});

test("workers that are refused leave one thread, and the reason", async () => {
  refuse = true;
  for (const options of [{ threads: 4 }, { worker: true }, { threads: 2, parallel: "images" }] as const) {
    const model = await load(file, options);
    expect(await model.run(images)).toEqual(expected);
    expect(model).toMatchObject({ threads: 1, runsOn: "caller" });
    expect(model.fallback?.message).toContain("refused by policy");
    model.dispose();
  }
});
