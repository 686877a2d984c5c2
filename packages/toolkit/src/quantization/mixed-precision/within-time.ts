/** @file Bit widths of layers under a budget of time. */

import type { LayerOverride } from "../policy.js";
import { allocate, type Choice } from "./allocation.js";
import { type Front, frontOf } from "./front.js";
import type { LayerCosts } from "./layer-costs.js";
import type { LayerBits, LayerTimes } from "./layer-times.js";

/** @throws {UsageError} if even the fastest bit widths take longer */
export function withinTime(
  costs: readonly LayerCosts[],
  times: LayerTimes,
  milliseconds: number,
): { readonly layers: readonly LayerOverride[]; readonly fronts: readonly Front[] } {
  const { rest } = times;
  const items = costs.map(({ layer, weights, activations }) =>
    times.layers.get(layer)!.map(
      (time): Choice<LayerBits> => ({
        value: time,
        amount: time.milliseconds,
        cost: weights[time.weights]! + activations[time.activations]!,
      }),
    ),
  );
  const allocation = allocate(
    items,
    milliseconds - rest,
    (least) =>
      `\`maxTime\`: ${milliseconds} ms per image cannot be reached on this machine; the fastest bit widths take ${(least + rest).toPrecision(3)} ms.`,
  );
  return {
    layers: costs.map(({ layer }, i) => {
      const { weights, activations } = allocation.choices[i]!.value;
      return { pattern: layer, weights, activations };
    }),
    fronts: [frontOf("ms per image", allocation, rest)],
  };
}
