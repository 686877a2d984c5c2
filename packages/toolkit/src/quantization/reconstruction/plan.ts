/**
 * @file Plans a reconstruction before it begins: how long it will take, and how many steps per unit fit into the allowed time.
 */

import type { SessionOptions } from "../../runtime/session.js";
import { costOfStep, type StepCost, shareOf, type TimedStep } from "./effort.js";
import type { ReconstructionOptions } from "./options.js";
import type { UnitOfWork } from "./progress.js";

type Steps = Pick<ReconstructionOptions, "iterations" | "endToEnd">;

export interface Plan {
  readonly steps: Steps;
  /** Units in order; the whole network is the last. */
  readonly work: readonly UnitOfWork[];
  /** The expected duration, and what was reduced to keep the time limit; undefined if it is short. */
  readonly note: string | undefined;
}

/** The limits of learning; units get fewer steps if these would be exceeded. */
export interface LearningLimits {
  /** Limit in minutes on this machine, as busy as it is now. The number of steps depends on it. */
  readonly maxMinutes?: number | undefined;
  /** Work as `workOf` counts it: the number of steps is the same on every machine. Ignored if `maxMinutes` is given. */
  readonly maxWork?: number | undefined;
}

export interface PlanOptions extends LearningLimits {
  /** The number of steps if time is not limited. */
  readonly steps: Steps;
  readonly session: SessionOptions;
  readonly signal: AbortSignal | undefined;
}

/** Shorter runs are not announced, unless the time limit reduces their steps. */
const ANNOUNCED_MINUTES = 1;

/**
 * Times a few steps of each unit.
 * @param units one step of each unit
 * @param whole one step of the whole network, if it has any
 */
export async function planLearning(
  units: readonly TimedStep[],
  whole: TimedStep | undefined,
  { steps, maxMinutes, maxWork, session, signal }: PlanOptions,
): Promise<Plan> {
  const costs: StepCost[] = [];
  for (const unit of units) {
    signal?.throwIfAborted();
    costs.push(await costOfStep(unit, session));
  }
  const wholeCost = whole ? await costOfStep(whole, session) : { seconds: 0, work: 0 };
  const total = (of: keyof StepCost, { iterations, endToEnd }: Steps): number =>
    iterations * costs.reduce((sum, cost) => sum + cost[of], 0) + endToEnd * wholeCost[of];
  const share =
    maxMinutes === undefined
      ? (maxWork ?? Number.POSITIVE_INFINITY) / total("work", steps)
      : (60 * maxMinutes) / total("seconds", steps);
  const taken = shareOf(steps, share);
  const minutesFor = (each: Steps) => total("seconds", each) / 60;
  return {
    steps: taken,
    work: [
      ...costs.map(({ seconds }) => ({ iterations: taken.iterations, cost: seconds })),
      { iterations: taken.endToEnd, cost: wholeCost.seconds },
    ],
    note: noteOf(units.length, steps, minutesFor(steps), taken, minutesFor(taken), maxMinutes),
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
  const fewer = `Learning takes about ${rounded(takenMinutes)}: ${taken.iterations} steps for each of ${parts}. All ${steps.iterations} would take about ${rounded(minutes)}`;
  return maxMinutes === undefined
    ? `${fewer}; \`maxMinutes\` ${Math.ceil(minutes)} or more allows them.`
    : `${fewer}; \`maxMinutes\` allows ${maxMinutes}. \`iterations\` ${taken.iterations} gives this result again on any machine.`;
}

const rounded = (minutes: number): string =>
  minutes < 1 ? `${Math.ceil(60 * minutes)} s` : `${Math.round(minutes)} min`;
