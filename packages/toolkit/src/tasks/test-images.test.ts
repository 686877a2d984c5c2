import { expect, test } from "vitest";
import { DataError } from "../errors.js";
import type { TaskEvent } from "./events.js";
import { Run } from "./run.js";
import { testAccuracy } from "./test-images.js";

/** The messages if the test images cannot be opened. */
async function saidOf(error: Error): Promise<readonly TaskEvent[]> {
  const events: TaskEvent[] = [];
  const open = () => Promise.reject(error);
  const unused = () => Promise.reject(new Error("there is nothing to classify"));
  expect(await testAccuracy(open, unused, new Run({ emit: (event) => events.push(event) }))).toBeUndefined();
  return events;
}

test("data without test images get a note", async () => {
  const error = new DataError("missing-split", { source: "photos", split: "test", found: ["train"] }, "no test split");
  const [said] = await saidOf(error);
  expect(said).toMatchObject({ type: "note", text: expect.stringContaining("no test images") });
});

test("test images that cannot be used get a warning with the reason", async () => {
  const error = new DataError("image-damaged", { file: "test/cat/1.png", reason: "cut" }, "test/cat/1.png is damaged");
  const [said] = await saidOf(error);
  expect(said).toMatchObject({ type: "warning", text: expect.stringContaining("test/cat/1.png is damaged") });
});

test("other errors end the task", async () => {
  await expect(saidOf(new Error("disk on fire"))).rejects.toThrow("disk on fire");
});
