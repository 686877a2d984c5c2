/**
 * @file The method `auto`: tries the cheapest method first and measures it on images that calibration did not use. It tries a
 * more expensive method only if the loss of accuracy exceeds the limit. It keeps the best network and reports what it did and
 * why.
 */

import type { Graph } from "@subbyte/graph";
import { maxDropDefault } from "../options/facts.js";
import { applyMethod, type GuardedOptions } from "./apply-method.js";
import type { Check, Closeness } from "./check.js";
import { equalizeLayers } from "./equalization.js";
import type { CalibrationInput } from "./ranges.js";

/** Name of the method that tries others, the cheapest first. */
export const AUTO = "auto";

interface Rung {
  readonly name: string;
  readonly why: string;
  readonly options: Pick<GuardedOptions, "method" | "equalize" | "biasCorrection">;
  /** Whether it takes minutes; its work is then bounded. */
  readonly learns?: true;
}

/** The methods in the order of their cost: seconds, seconds, seconds, minutes. */
const ladder: readonly Rung[] = [
  { name: "ranges by squared error", why: "the cheapest", options: { method: "mse" } },
  {
    name: "bias correction",
    why: "rounded weights shift the means of the layers' outputs",
    options: { method: "mse", biasCorrection: true },
  },
  {
    name: "equalization with bias correction",
    why: "channels of unlike ranges share one grid",
    options: { method: "mse", equalize: true, biasCorrection: true },
  },
  {
    name: "reconstruction",
    why: "rounding that is learned block by block recovers most of the rest",
    options: { method: "reconstruct" },
    learns: true,
  },
];

/**
 * Limit of the work of learning (see `workOf`), used if `maxMinutes` is not given: about 20 minutes on two cores for
 * MobileNet-v2 at 224 px. It limits work instead of time, so the same command takes as many steps, and gives the same network,
 * on every machine.
 */
const AUTO_WORK = 4e13;

/** @returns the network closest to the float one, with biases on their grid */
export async function autoQuantize(
  float: Graph,
  calibration: CalibrationInput,
  check: Check,
  options: GuardedOptions,
): Promise<Graph> {
  const { maxDrop = maxDropDefault, onNote } = options;
  const { criterion } = check;
  let best: { readonly graph: Graph; readonly closeness: Closeness; readonly name: string } | undefined;
  for (const { name, why, options: rung, learns } of ladder) {
    options.signal?.throwIfAborted();
    if (rung.equalize && equalizeLayers(float).pairs.length === 0) continue;
    const { onNote: _, ...quiet } = options;
    const limits = learns ? { maxWork: AUTO_WORK, ...(onNote ? { onNote } : {}) } : {};
    const graph = await applyMethod(float, calibration, { ...quiet, ...rung, ...limits });
    const closeness = await check.measure(graph);
    const better = !best || closeness.divergence < best.closeness.divergence;
    if (better) best = { graph, closeness, name };
    onNote?.(
      `auto tried ${name} (${why}): ${check.describe(closeness)}${better ? "" : `; the best so far is still ${best!.name}`}.`,
    );
    const drop = check.drop(best!.closeness);
    if (drop <= maxDrop) {
      onNote?.(
        `auto stops with ${best!.name}: ${drop > 0 ? `the ${criterion} is ${drop.toFixed(2)} points` : `there is no ${criterion}`}; \`maxDrop\` allows ${maxDrop}.`,
      );
      return best!.graph;
    }
    onNote?.(`The ${criterion} is ${drop.toFixed(2)} points, more than \`maxDrop\` ${maxDrop}: auto goes on.`);
  }
  onNote?.(
    `auto has no further method; it takes ${best!.name}. More bits, or training (the task \`qat\`), can give a better result.`,
  );
  return best!.graph;
}
