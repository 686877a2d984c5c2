import { expect, test } from "vitest";
import { takeTurns } from "./turns.js";

test("everybody has every turn with the same image, in rotating order", async () => {
  const calls: string[] = [];
  const contestants = ["a", "b", "c"].map((name) => ({
    name,
    run: async (image: Uint8Array) => {
      calls.push(`${name}${image[0]}`);
      await new Promise((resolve) => setTimeout(resolve, 105)); // Longer than a turn has to last.
      return Float32Array.of(image[0]!, name.charCodeAt(0));
    },
    release: async () => {},
  }));
  const done: number[] = [];
  const images = [Uint8Array.of(7), Uint8Array.of(8)];
  const measured = await takeTurns(contestants, images, { turns: 4, onTurn: (turn) => done.push(turn) });
  expect(calls.slice(-12)).toEqual(["a7", "b7", "c7", "b8", "c8", "a8", "c7", "a7", "b7", "a8", "b8", "c8"]);
  expect(done).toEqual([1, 2, 3, 4]);
  expect(measured.map(({ name, logits }) => [name, logits])).toEqual([
    ["a", [7, 97]],
    ["b", [7, 98]],
    ["c", [7, 99]],
  ]);
  for (const { milliseconds } of measured) {
    expect(milliseconds).toHaveLength(4);
    for (const time of milliseconds) expect(time).toBeGreaterThan(100);
  }
});

test("short runs are repeated within a turn, and the time is that of one", async () => {
  let runs = 0;
  const quick = {
    name: "quick",
    run: async () => {
      runs++;
      const end = performance.now() + 0.5;
      while (performance.now() < end);
      return new Float32Array(1);
    },
    release: async () => {},
  };
  let clock = 0;
  const [measured] = await takeTurns([quick], [new Uint8Array(1)], {
    turns: 3,
    cpuTime: () => {
      clock += 7;
      return clock;
    },
  });
  expect(runs).toBeGreaterThan(6 + 3 * 2);
  for (const time of measured!.milliseconds) expect(time).toBeGreaterThanOrEqual(0.5);
  expect(measured!.cpuMilliseconds).toHaveLength(3);
  for (const time of measured!.cpuMilliseconds!) expect(time).toBeLessThan(7);
});

test("ends where it is asked to", async () => {
  const contestant = { name: "a", run: async () => new Float32Array(1), release: async () => {} };
  const stop = new AbortController();
  const turns = takeTurns([contestant], [new Uint8Array(1)], {
    turns: 100,
    signal: stop.signal,
    onTurn: () => stop.abort(),
  });
  await expect(turns).rejects.toThrow(/abort/i);
});
