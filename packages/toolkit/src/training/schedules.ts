/** @file Learning rates over a run, as functions of the step, so that a resumed run needs no state for them. */

import { requireNumber } from "../require-number.js";

/** How the learning rate changes during a run. */
export type Schedule =
  | { readonly name: "constant" }
  /**
   * Half a cosine from the full rate to `minimum`·rate (0 by default). Source: Loshchilov and Hutter 2017, arXiv:1608.03983,
   * without restarts.
   */
  | { readonly name: "cosine"; readonly minimum?: number }
  /**
   * The rate rises along a cosine from rate/`divisor` (25) over the first `rise` (0.3) of the steps, then falls along one to
   * rate/(divisor · `finalDivisor` (10⁴)); `torch.optim.lr_scheduler.OneCycleLR` with constant momentum. Source: Smith and Topin 2018,
   * arXiv:1708.07120.
   */
  | { readonly name: "one-cycle"; readonly rise?: number; readonly divisor?: number; readonly finalDivisor?: number }
  /** Multiplies by `factor` (0.1) at each of the `milestones` (0.5 and 0.75), which are shares of the run. */
  | { readonly name: "step"; readonly milestones?: readonly number[]; readonly factor?: number };

/** Learning rate, schedule and warmup. */
export interface LearningRateOptions {
  /** The largest rate of the run. */
  readonly learningRate: number;
  readonly schedule: Schedule;
  /** Steps over which the rate first grows linearly from 0 (excluded) to the schedule's start; 0 by default. */
  readonly warmupSteps?: number;
}

/**
 * The learning rate of step `step` = 0 … `steps` − 1. Warm-up comes first; the schedule spans the steps after it.
 *
 * @throws {UsageError} if an option is out of its range.
 */
export function learningRateAt(options: LearningRateOptions, step: number, steps: number): number {
  const { learningRate, schedule, warmupSteps = 0 } = options;
  requireNumber("lr", learningRate, "a number from 0");
  requireNumber("warmup", warmupSteps, "a number from 0");
  const warmup = Math.min(warmupSteps, steps);
  const factor = (at: number) => scheduleFactor(schedule, at, Math.max(1, steps - warmup));
  return learningRate * (step < warmup ? (factor(0) * (step + 1)) / (warmup + 1) : factor(step - warmup));
}

/** Share of the full rate at `step` of `steps`. */
function scheduleFactor(schedule: Schedule, step: number, steps: number): number {
  switch (schedule.name) {
    case "constant":
      return 1;
    case "cosine":
      return cosineBetween(1, share("cosine minimum", schedule.minimum ?? 0), step / steps);
    case "one-cycle": {
      const start = 1 / positive("one-cycle divisor", schedule.divisor ?? 25);
      const end = start / positive("one-cycle final divisor", schedule.finalDivisor ?? 1e4);
      // The peak is at a whole step, and the last step has the final rate. Very short runs may have no rise at all.
      const peak = Math.max(0, share("one-cycle rise", schedule.rise ?? 0.3) * steps - 1);
      if (step < peak) return cosineBetween(start, 1, step / peak);
      return step === peak ? 1 : cosineBetween(1, end, (step - peak) / (steps - 1 - peak));
    }
    case "step": {
      const factor = positive("step factor", schedule.factor ?? 0.1);
      return factor ** (schedule.milestones ?? [0.5, 0.75]).filter((milestone) => step >= milestone * steps).length;
    }
  }
}

const cosineBetween = (from: number, to: number, progress: number): number =>
  to + ((from - to) * (1 + Math.cos(Math.PI * progress))) / 2;

function share(what: string, value: number): number {
  requireNumber(what, value, "a number from 0 to 1");
  return value;
}

function positive(what: string, value: number): number {
  requireNumber(what, value, "a number above 0");
  return value;
}
