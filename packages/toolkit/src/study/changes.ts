/** @file Compares a study with the plan with which it was begun. */

import { canonical } from "./plan.js";
import type { PlannedRun, StudyPlan } from "./planned-run.js";

/** One sentence per difference; none if both plans have the same runs with the same numbers. */
export function planChanges(before: StudyPlan, now: StudyPlan): readonly string[] {
  const old = new Map(before.runs.map((run) => [run.id, run]));
  const current = new Map(now.runs.map((run) => [run.id, run]));
  const removed = before.runs.filter(({ id }) => !current.has(id)).map(({ id }) => `${id} is gone`);
  const added = now.runs.filter(({ id }) => !old.has(id)).map(({ id }) => `${id} is new`);
  const inputs = Object.keys({ ...before.inputs, ...now.inputs })
    .filter((name) => name in before.inputs && name in now.inputs && before.inputs[name] !== now.inputs[name])
    .map((name) => `${name} has different content`);
  const settings = now.runs.flatMap((run) => {
    const earlier = old.get(run.id);
    return earlier === undefined || earlier.key === run.key ? [] : runChanges(earlier, run);
  });
  const order =
    removed.length + added.length === 0 && before.runs.some(({ id }, i) => now.runs[i]?.id !== id)
      ? ["the runs have a different order"]
      : [];
  return [...new Set([...inputs, ...removed, ...added, ...settings, ...order])];
}

function runChanges(before: PlannedRun, now: PlannedRun): readonly string[] {
  const file = before.file === now.file ? [] : [`${now.id}: file ${shown(before.file)} → ${shown(now.file)}`];
  const latency =
    canonical(before.latency) === canonical(now.latency)
      ? []
      : [`${now.id}: latency ${shown(before.latency)} → ${shown(now.latency)}`];
  const tasks = [...new Set([...before.steps, ...now.steps].map(({ task }) => task))];
  const options = tasks.flatMap((task) => {
    const [a, b] = [before, now].map(({ steps }) => steps.find((step) => step.task === task)?.options);
    if (a === undefined || b === undefined) return [];
    return Object.keys({ ...a, ...b })
      .filter((name) => canonical(a[name]) !== canonical(b[name]))
      .map((name) => `${now.id}: ${task} ${name} ${shown(a[name])} → ${shown(b[name])}`);
  });
  return [...file, ...latency, ...options];
}

const shown = (value: unknown): string => (value === undefined ? "(none)" : JSON.stringify(value));
