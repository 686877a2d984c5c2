/** @file Before anything is learned: how long it will take, and how many steps the allowed time leaves to each unit. */

import type { SessionOptions } from "../../runtime/session.js";
import { secondsPerStep, type TimedStep, withinMinutes } from "./effort.js";
import type { ReconstructionOptions } from "./options.js";
import type { UnitOfWork } from "./progress.js";

type Steps = Pick<ReconstructionOptions, "iterations" | "endToEnd">;

export interface Plan {
  readonly steps: Steps;
  /** Units in order, the whole network last. */
  readonly work: readonly UnitOfWork[];
  /** How long it will take, and what was left out for it; undefined where it is short. */
  readonly note: string | undefined;
}

export interface PlanOptions {
  /** The number of steps if time is not limited. */
  readonly steps: Steps;
  readonly maxMinutes: number | undefined;
  readonly session: SessionOptions;
  readonly signal: AbortSignal | undefined;
}

/** Shorter runs are not announced, unless the time that is allowed bounds them. */
const ANNOUNCED_MINUTES = 1;

/**
 * Times a few steps of each unit.
 * @param units what a step of each computes
 * @param whole what a step of the whole network computes, where there are some
 */
export async function planLearning(
  units: readonly TimedStep[],
  whole: TimedStep | undefined,
  { steps, maxMinutes, session, signal }: PlanOptions,
): Promise<Plan> {
  const seconds: number[] = [];
  for (const unit of units) {
    signal?.throwIfAborted();
    seconds.push(await secondsPerStep(unit, session));
  }
  const secondsEach = seconds.reduce((sum, each) => sum + each, 0);
  const wholeSeconds = whole ? await secondsPerStep(whole, session) : 0;
  const secondsFor = ({ iterations, endToEnd }: Steps) => iterations * secondsEach + endToEnd * wholeSeconds;
  const all = secondsFor(steps);
  const taken = maxMinutes === undefined ? steps : withinMinutes(steps, maxMinutes, all);
  return {
    steps: taken,
    work: [
      ...seconds.map((cost) => ({ iterations: taken.iterations, cost })),
      { iterations: taken.endToEnd, cost: wholeSeconds },
    ],
    note: noteOf(units.length, steps, all / 60, taken, secondsFor(taken) / 60, maxMinutes),
  };
}

function noteOf(
  units: number,
  steps: Steps,
  minutes: number,
  taken: Steps,
  takenMinutes: number,
  maxMinutes: number | undefined,
): string | undefined {
  const whole = taken.endToEnd > 0 ? `, and ${taken.endToEnd} for the whole` : "";
  const parts = `${units} ${units === 1 ? "part" : "parts"} of the network${whole}`;
  if (taken.iterations === steps.iterations)
    return minutes < ANNOUNCED_MINUTES
      ? undefined
      : `Learning takes about ${rounded(minutes)} (${steps.iterations} steps for each of ${parts}).`;
  return (
    `Learning takes about ${rounded(takenMinutes)}: ${taken.iterations} steps for each of ${parts}. ` +
    `All ${steps.iterations} would take about ${rounded(minutes)}, \`maxMinutes\` allows ${maxMinutes}. ` +
    `\`iterations\` ${taken.iterations} gives this result again on any machine.`
  );
}

const rounded = (minutes: number): string =>
  minutes < 1 ? `${Math.ceil(60 * minutes)} s` : `${Math.round(minutes)} min`;
