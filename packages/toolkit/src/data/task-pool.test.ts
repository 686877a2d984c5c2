import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { TaskPool } from "./task-pool.js";

test("runs every task, at most the limit at a time", async () => {
  const pool = new TaskPool(3);
  let running = 0;
  let most = 0;
  let done = 0;
  for (let i = 0; i < 20; i++)
    await pool.start(async () => {
      most = Math.max(most, ++running);
      await sleep(i % 4);
      running--;
      done++;
    });
  await pool.finish();
  expect({ most, done }).toEqual({ most: 3, done: 20 });
});

test("the first error stops the start of further tasks", async () => {
  const pool = new TaskPool(1);
  await pool.start(async () => {
    throw new Error("first");
  });
  await expect(pool.start(async () => {})).rejects.toThrow("first");
  await expect(pool.finish()).rejects.toThrow("first");
});
