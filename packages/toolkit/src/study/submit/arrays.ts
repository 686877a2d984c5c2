/** @file The runs of a study that are left, as arrays of tasks for an engine: what each array needs, and which ones it follows. */

import type { PlannedRun, StudyPlan } from "../planned-run.js";
import type { StudyRun } from "../states.js";
import { type Estimate, estimateOf, likeness } from "./estimates.js";

/** Tasks that need the same. */
export interface JobArray {
  readonly name: string;
  /** Numbers of the runs that each task does, one after the other. */
  readonly packs: readonly (readonly number[])[];
  /** Names of the arrays that have to end before. */
  readonly after: readonly string[];
  /** Cores of each task. */
  readonly cores: number;
  readonly memoryBytes: number;
  /** Time limit of each task. */
  readonly minutes: number;
  /** Measures speed: nothing else may run beside it. */
  readonly exclusive: boolean;
  /** Whether memory and time follow from finished runs. */
  readonly measured: boolean;
}

export interface ArrayOptions {
  /** Expected minutes up to which runs share a task. */
  readonly packMinutes: number;
  /** Used instead of measured values. */
  readonly memoryBytes?: number;
  readonly minutes?: number;
}

/** Used if nothing is known: enough for ResNet-50 at 112 pixels, and for a training that is done in several pieces. */
const UNKNOWN = { memoryBytes: 4 * 2 ** 30, minutes: 240 } as const;
/** The nodes can be slower than the machine that measured. */
const TIME_FACTOR = 2;
const SPARE_MINUTES = 5;
const MEMORY_FACTOR = 1.25;
const SPARE_BYTES = 256 * 2 ** 20;
/** A latency run has steps without threads; its browser has a thread of its own. */
const LATENCY_CORES = 2;

/** @returns arrays in an order in which each comes after those that it depends on; none if all runs are finished */
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
