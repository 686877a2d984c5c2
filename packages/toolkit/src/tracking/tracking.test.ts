import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readEventFile } from "../testing/event-files.js";
import type { TrainProgress } from "../training/index.js";
import { checksum, framed } from "./record.js";
import { TrainingEvents } from "./training-events.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "subbyte-events-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("CRC-32C", () => {
  // RFC 3720, B.4, and the check value of the catalogue of parametrised CRC algorithms.
  const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);
  test.each([
    ["32 bytes of zeros", new Uint8Array(32), 0x8a9136aa],
    ["32 bytes of ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ["32 ascending bytes", ascending, 0x46dd794e],
    ["32 descending bytes", ascending.toReversed(), 0x113fdb5c],
    ["123456789", new TextEncoder().encode("123456789"), 0xe3069283],
  ])("of %s is the published one", (_, bytes, expected) => {
    expect(checksum(bytes)).toBe(expected);
  });
});

test("a frame begins as every event file of TensorFlow does", () => {
  // The first event, a time and the version, has 24 bytes; the files begin with these twelve.
  const record = Buffer.from(framed(new Uint8Array(24)));
  expect(record.subarray(0, 12).toString("hex")).toBe("1800000000000000a37f4b22");
  expect(record.length).toBe(24 + 16);
});

const progress = (epoch: number, step: number): TrainProgress => ({
  phase: "train",
  epoch,
  epochs: 2,
  step,
  steps: 40,
  loss: 2,
  accuracy: 0.25,
  learningRate: 0.5,
  imagesPerSecond: 100,
  secondsLeft: 1,
  secondsPerEpoch: 1,
});

test("a training is read back by another library, from the step where it begins", async () => {
  const events = new TrainingEvents(folder);
  for (const step of [1, 2, 3, 40]) events.progress(progress(1, step));
  events.progress({ ...progress(1, 1), phase: "validate" });
  const figures = { trainLoss: 1.5, trainAccuracy: 0, validationLoss: Number.NaN, validationAccuracy: 0.75 };
  events.epoch({ epoch: 1, step: 40, learningRate: 0.5, imagesPerSecond: 100, seconds: 2, ...figures });
  const [name, ...others] = await readdir(folder);
  expect(others).toEqual([]);
  expect(name).toMatch(/^events\.out\.tfevents\.\d+\./);
  const running = {
    summary: {
      value: [
        { tag: "running/loss", simple_value: 2 },
        { tag: "running/accuracy", simple_value: 0.25 },
        { tag: "learning_rate", simple_value: 0.5 },
        { tag: "images_per_second", simple_value: 100 },
      ],
    },
  };
  const read = await readEventFile(join(folder, name!));
  for (const { wall_time } of read) expect(Math.abs(wall_time - Date.now() / 1000)).toBeLessThan(3600);
  expect(read.map(({ wall_time: _, ...event }) => event)).toEqual([
    { file_version: "brain.Event:2" },
    { step: "1", session_log: { status: 1 } },
    { step: "2", ...running },
    { step: "40", ...running },
    {
      step: "40",
      summary: {
        value: [
          { tag: "epoch", simple_value: 1 },
          { tag: "loss/train", simple_value: 1.5 },
          // A zero is written, although proto3 would leave one out that belongs to no choice.
          { tag: "accuracy/train", simple_value: 0 },
          { tag: "accuracy/validation", simple_value: 0.75 },
        ],
      },
    },
  ]);
});

test("a training that goes on begins a file at its first step, from which TensorBoard forgets the earlier one", async () => {
  const events = new TrainingEvents(folder);
  events.progress({ ...progress(2, 7), step: 7 });
  const [name] = await readdir(folder);
  expect((await readEventFile(join(folder, name!)))[1]).toMatchObject({ step: "47", session_log: { status: 1 } });
});

test("a folder that cannot be written to is told in words", () => {
  const events = new TrainingEvents("/dev/null/events");
  expect(() => events.progress(progress(1, 40))).toThrow(/could not be written/);
});
