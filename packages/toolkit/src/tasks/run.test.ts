import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { TaskEvent } from "./events.js";
import { Run } from "./run.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function recorded() {
  const events: TaskEvent[] = [];
  return { events, run: new Run({ emit: (event) => events.push(event) }) };
}
const secondsLeft = (event: TaskEvent | undefined) => (event?.type === "progress" ? event.secondsLeft : undefined);

test("time left is told once the speed has settled, without what was done before", () => {
  const { events, run } = recorded();
  run.phase("evaluating");
  vi.advanceTimersByTime(10_000); // Loading takes long and says nothing of the speed.
  run.progress(50, 1000);
  expect(secondsLeft(events.at(-1))).toBeUndefined();
  vi.advanceTimersByTime(1000);
  run.progress(150, 1000);
  expect(secondsLeft(events.at(-1))).toBeCloseTo(8.5);
});

test("an estimate that is given is kept back for the first seconds of a phase", () => {
  const { events, run } = recorded();
  run.phase("training", "epoch 1/2");
  run.progress(1, 100, { secondsLeft: 1e6 });
  expect(secondsLeft(events.at(-1))).toBeUndefined();
  vi.advanceTimersByTime(3000);
  run.progress(2, 100, { secondsLeft: 60 });
  expect(secondsLeft(events.at(-1))).toBe(60);
});

test("a note is said once by a run, and by every run", () => {
  const [first, second] = [recorded(), recorded()];
  for (const { run } of [first, first, second]) run.note("few images");
  expect(first.events).toEqual([{ type: "note", text: "few images" }]);
  expect(second.events).toEqual([{ type: "note", text: "few images" }]);
});
