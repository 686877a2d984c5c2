import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ProgressMeter, type ReconstructionProgress } from "./progress.js";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const units = [
  { iterations: 100, cost: 1 },
  { iterations: 10, cost: 30 },
];

/** Runs one iteration after the other; a unit of cost takes a second. */
function run(meter: ProgressMeter, index: number, until: number): void {
  for (let i = 1; i <= until; i++) {
    vi.advanceTimersByTime(1000 * units[index]!.cost);
    meter.iteration(index, `unit ${index}`, i, 1);
  }
}

test("dearer iterations count for what they cost, in the share that is finished and in the time left", () => {
  const told: ReconstructionProgress[] = [];
  const meter = new ProgressMeter(units, (progress) => told.push(progress));
  run(meter, 0, 100);
  expect(told.at(-1)).toMatchObject({ iteration: 100, iterations: 110, share: 0.25, secondsLeft: 300 });
  meter.unitDone(0);
  run(meter, 1, 5);
  expect(told.at(-1)).toMatchObject({ unit: "unit 1", iteration: 105, share: 0.625, secondsLeft: 150 });
});

test("what an earlier process finished is not in the pace of this one", () => {
  const told: ReconstructionProgress[] = [];
  const meter = new ProgressMeter(units, (progress) => told.push(progress));
  meter.unitDone(0);
  run(meter, 1, 5);
  expect(told.at(-1)).toMatchObject({ share: 0.625, secondsLeft: 150 });
});
