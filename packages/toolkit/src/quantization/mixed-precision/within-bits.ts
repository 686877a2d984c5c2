/**
 * @file Widths of layers, and of the channels of their inputs, under a budget of bits. With widths for its channels an input costs what
 * was measured of it at one width, times what its squared error becomes by them.
 */

import type { LayerOverride } from "../policy.js";
import type { ChannelErrors, ChannelWidths } from "../ranges/channel-widths.js";
import { type Allocation, allocate } from "./allocation.js";
import { type Front, type FrontPoint, frontOf } from "./front.js";
import type { LayerCosts } from "./layer-costs.js";

/** Means over inner layers: of weights over parameters, of inputs over elements. */
export interface BitsBudget {
  readonly weights: number;
  readonly activations: number;
}

export interface BitsOptions {
  readonly budget: BitsBudget;
  /** At which layers are measured. */
  readonly widths: readonly number[];
  /** Of those inputs whose channels can have widths of their own, by name of the layer. */
  readonly errors: ReadonlyMap<string, ChannelErrors>;
  /** Mean widths to choose from for these. */
  readonly channelMeans: readonly number[];
}

/**
 * @param costs those of an input in `errors` must hold its divergence at `widestWithin` of the budget
 * @throws {UsageError} where even the narrowest widths exceed the budget
 */
export function withinBits(
  costs: readonly LayerCosts[],
  { budget, widths, errors, channelMeans }: BitsOptions,
): { readonly layers: readonly LayerOverride[]; readonly fronts: readonly Front[] } {
  const reference = {
    weights: widestWithin(widths, budget.weights),
    activations: widestWithin(widths, budget.activations),
  };
  const weights = allocateBits(
    costs.map(({ parameters, weights }) => ({ size: parameters, choices: wholeWidths("weights", weights) })),
    "weights",
    budget.weights,
  );
  const activations = allocateBits(
    costs.map(({ layer, elements, activations }) => {
      const ofChannels = errors.get(layer);
      const choices = ofChannels
        ? channelMeans.map((bits) =>
            channelWidths(ofChannels.within(bits), ofChannels, activations, reference.activations),
          )
        : wholeWidths("activations", activations);
      return { size: elements, choices };
    }),
    "activations",
    budget.activations,
  );
  return {
    layers: costs.map(({ layer }, i) => ({
      pattern: layer,
      ...weights.choices[i]!.value,
      ...activations.choices[i]!.value,
    })),
    fronts: [
      { ...frontOf("bits a weight", weights), uniform: uniform(costs, "weights", reference.weights) },
      { ...frontOf("bits an activation", activations), uniform: uniform(costs, "activations", reference.activations) },
    ],
  };
}

/** The width that every layer can have within a budget. */
export const widestWithin = (widths: readonly number[], budget: number): number =>
  Math.max(...widths.filter((width) => width <= budget), Math.min(...widths));

/** What a layer's entry in the policy can say of its weights or its input. */
interface WidthChoice {
  readonly entry: Omit<LayerOverride, "pattern">;
  /** On average. */
  readonly bits: number;
  /** Divergence. */
  readonly cost: number;
}

/** By width. */
type Measured = LayerCosts["weights"];

const wholeWidths = (kind: "weights" | "activations", measured: Measured): readonly WidthChoice[] =>
  Object.entries(measured).map(([bits, cost]) => ({ entry: { [kind]: Number(bits) }, bits: Number(bits), cost }));

/** Costs what the layer does at the width that all could have, times the ratio of squared errors. */
function channelWidths(
  { widths, error }: ChannelWidths,
  errors: ChannelErrors,
  measured: Measured,
  reference: number,
): WidthChoice {
  const before = errors.uniform(reference);
  const [width] = widths as [number];
  // A layer's own width is 2 at least.
  const same = width >= 2 && widths.every((other) => other === width);
  return {
    entry: same ? { activations: width } : { channels: widths },
    bits: mean(widths),
    cost: before === 0 ? measured[reference]! : measured[reference]! * (error / before),
  };
}

function allocateBits(
  layers: readonly { readonly size: number; readonly choices: readonly WidthChoice[] }[],
  what: string,
  budget: number,
): Allocation<WidthChoice["entry"]> {
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  const items = layers.map(({ size, choices }) =>
    choices.map(({ entry, bits, cost }) => ({ value: entry, amount: (bits * size) / total, cost })),
  );
  // Means of whole bits are sums of rounded fractions.
  return allocate(
    items,
    budget + 1e-9,
    (least) =>
      `mixed precision: ${what} of ${budget.toFixed(2)} bits on average cannot be reached; the narrowest widths give ${least.toFixed(2)}.`,
  );
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** All layers at one width. */
const uniform = (costs: readonly LayerCosts[], kind: "weights" | "activations", bits: number): FrontPoint => ({
  amount: bits,
  divergence: costs.reduce((sum, each) => sum + each[kind][bits]!, 0),
});
