/**
 * @file The unfinished runs of a study as arrays of tasks for a cluster: what each array needs, and after which others it
 * starts.
 */

import type { PlannedRun, StudyPlan } from "../planned-run.js";
import type { StudyRun } from "../states.js";
import { type Estimate, estimateOf, likeness } from "./estimates.js";

/** Tasks with the same needs. */
export interface JobArray {
  readonly name: string;
  /** For each task, the numbers of its runs, which it executes one after the other. */
  readonly packs: readonly (readonly number[])[];
  /** Names of the arrays that must end first. */
  readonly after: readonly string[];
  /** Cores per task. */
  readonly cores: number;
  readonly memoryBytes: number;
  /** Time limit per task. */
  readonly minutes: number;
  /** Whether it measures speed, so that nothing else may run on the node. */
  readonly exclusive: boolean;
  /** Whether memory and time follow from finished runs. */
  readonly measured: boolean;
}

export interface ArrayOptions {
  /** Expected minutes up to which runs share a task. */
  readonly packMinutes: number;
  /** Memory and time per task, used instead of measured values. */
  readonly memoryBytes?: number;
  readonly minutes?: number;
}

/** Used if nothing is known: enough for ResNet-50 at 112 pixels. A longer training is resumed in another attempt. */
const UNKNOWN = { memoryBytes: 4 * 2 ** 30, minutes: 240 } as const;
/** Allows nodes to be slower than the machine of the measurement. */
const TIME_FACTOR = 2;
const SPARE_MINUTES = 5;
const MEMORY_FACTOR = 1.25;
const SPARE_BYTES = 256 * 2 ** 20;
/** Number of cores for a latency run: one for its thread, and one for the browser. */
const LATENCY_CORES = 2;

/** @returns arrays in an order in which each comes after those that it needs; none if all runs are finished */
export function jobArrays(
  { runs }: Pick<StudyPlan, "runs">,
  states: readonly StudyRun[],
  options: ArrayOptions,
): readonly JobArray[] {
  const left = states.filter(({ state }) => state !== "done").map(({ run }) => run);
  return [...new Set(left.map(likeness))].map((name) => {
    const group = left.filter((run) => likeness(run) === name);
    const needed = group.flatMap(({ needs }) => needs).map((index) => runs[index]!);
    const after = new Set(needed.filter((run) => left.includes(run)).map(likeness));
    return { name, after: [...after], ...sized(group, estimateOf(group[0]!, states), options) };
  });
}

function sized(
  group: readonly PlannedRun[],
  estimate: Estimate | undefined,
  { packMinutes, memoryBytes, minutes }: ArrayOptions,
): Omit<JobArray, "name" | "after"> {
  const perTask = estimate ? Math.max(1, Math.floor((60 * packMinutes) / Math.max(1, estimate.seconds))) : 1;
  const packs = Array.from({ length: Math.ceil(group.length / perTask) }, (_, i) =>
    group.slice(i * perTask, (i + 1) * perTask).map(({ index }) => index),
  );
  const measured = estimate && {
    minutes: Math.ceil((TIME_FACTOR * packs[0]!.length * estimate.seconds) / 60) + SPARE_MINUTES,
    memoryBytes: MEMORY_FACTOR * estimate.memoryBytes + SPARE_BYTES,
  };
  const wanted = measured ?? UNKNOWN;
  return {
    packs,
    cores: Math.max(...group.map(coresOf)),
    memoryBytes: memoryBytes ?? wanted.memoryBytes,
    minutes: minutes ?? wanted.minutes,
    exclusive: group.some(({ kind }) => kind === "latency"),
    measured: estimate !== undefined,
  };
}

const coresOf = ({ kind, steps }: PlannedRun): number =>
  kind === "latency" ? LATENCY_CORES : Math.max(...steps.map(({ options }) => Number(options.threads ?? 1)));
