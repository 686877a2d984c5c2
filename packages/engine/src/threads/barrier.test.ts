import { describe, expect, test } from "vitest";
import { Barrier, barrierBytes } from "./barrier.js";

describe("Barrier", () => {
  test("a notification of the round before wakes nobody for good", async () => {
    const { Worker } = await import("node:worker_threads");
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const words = new Int32Array(memory.buffer, 0, barrierBytes / 4);
    const done = new Int32Array(memory.buffer, 64, 1);
    // The worker arrives first and sleeps, as `wait` does, by the same code.
    const source = `
      const { parentPort, workerData } = require("node:worker_threads");
      import(workerData.module).then(({ Barrier }) => {
        new Barrier({ buffer: workerData.buffer }, 0, 2).wait("a run");
        Atomics.store(new Int32Array(workerData.buffer, 64, 1), 0, 1);
        parentPort.postMessage("through");
      });`;
    const module = new URL("../../dist/threads/barrier.js", import.meta.url).href;
    const worker = new Worker(source, { eval: true, workerData: { module, buffer: memory.buffer } });
    const through = new Promise((resolve) => worker.once("message", resolve));
    while (Atomics.load(words, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    // Late notifications: the round has not changed.
    for (let i = 0; i < 20; i++) {
      Atomics.notify(words, 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(Atomics.load(done, 0)).toBe(0);
    new Barrier(memory, 0, 2).wait("a run");
    expect(await through).toBe("through");
    await worker.terminate();
  });
});
