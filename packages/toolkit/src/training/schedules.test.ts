import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { UsageError } from "../errors.js";
import { learningRateAt, type Schedule } from "./schedules.js";

const { schedules: golden } = JSON.parse(
  readFileSync(new URL("../../test/golden/pytorch-training.json", import.meta.url), "utf8"),
) as { schedules: Record<"cosine" | "oneCycle" | "step", number[]> };

const table = (schedule: Schedule, steps: number, warmupSteps = 0) =>
  Array.from({ length: steps }, (_, step) => learningRateAt({ learningRate: 0.1, schedule, warmupSteps }, step, steps));

const expectClose = (actual: readonly number[], expected: readonly number[]) =>
  expected.forEach((rate, step) => {
    expect(actual[step], `step ${step}`).toBeCloseTo(rate, 12);
  });

test("cosine, one-cycle and step are PyTorch's", () => {
  expectClose(table({ name: "cosine", minimum: 0.01 }, 20), golden.cosine);
  expectClose(table({ name: "one-cycle" }, 21), golden.oneCycle);
  expectClose(table({ name: "step" }, 20), golden.step);
});

test("warm-up grows linearly to the schedule's start, which then spans the rest", () => {
  expectClose(table({ name: "constant" }, 6, 4), [0.02, 0.04, 0.06, 0.08, 0.1, 0.1]);
  expectClose(table({ name: "cosine" }, 14, 4).slice(4), table({ name: "cosine" }, 10));
});

test("runs of any length have finite rates between 0 and the full rate", () => {
  for (const name of ["constant", "cosine", "one-cycle", "step"] as const)
    for (const steps of [1, 2, 3, 4, 10])
      for (const warmup of [0, 1, steps, steps + 1])
        for (const rate of table({ name }, steps, warmup)) {
          expect(rate).toBeGreaterThanOrEqual(0);
          expect(rate).toBeLessThanOrEqual(0.1);
        }
});

test("options out of range are refused", () => {
  const at = (schedule: Schedule, learningRate = 0.1) => learningRateAt({ learningRate, schedule }, 0, 10);
  expect(() => at({ name: "constant" }, Number.NaN)).toThrow(UsageError);
  expect(() => at({ name: "cosine", minimum: 2 })).toThrow(/`cosine minimum` 2: it takes a number from 0 to 1/);
  expect(() => at({ name: "one-cycle", divisor: 0 })).toThrow(/divisor` 0: it takes a number above 0/);
});
