/**
 * @file Mixed precision: how much each layer suffers at each width is measured, then widths are given where they help most, under a
 * budget of bits or of time. Costs of layers are added, which holds while all are small. Under a budget of bits the channels of an
 * input get widths of their own: the layer's measured cost, times what the squared error of its input becomes by them.
 *
 * Source: Cai et al. 2020, ZeroQ, arXiv:2001.00281, §3.3 (front by adding).
 */

import type { Graph } from "@subbyte/graph";
import { UsageError } from "../../errors.js";
import type { Check } from "../check.js";
import { insertFakeQuant } from "../insert.js";
import type { BitPolicy, LayerOverride } from "../policy.js";
import type { ChannelErrors, ChannelWidths } from "../ranges/channel-widths.js";
import type { CalibrationInput } from "../ranges.js";
import { innerLayers } from "../sensitivity/index.js";
import { type Allocation, allocate, type Choice, type Sums, sumsOf } from "./allocation.js";
import { channelErrors } from "./channel-choices.js";
import { type LayerCosts, measureLayerCosts } from "./layer-costs.js";
import { type LayerTimes, measureLayerTimes, type Widths } from "./layer-times.js";

export interface MixedPrecisionOptions {
  /** Decides first and last layer, residual stream and, without a budget of their own, the widths of activations. */
  readonly policy: BitPolicy;
  readonly seed: number;
  readonly budget: MixedBudget;
  /** Widths to choose from; 2, 3, 4, 5, 6 and 8 by default. */
  readonly widths?: readonly number[];
  /** For a budget of bits: mean widths that an input can have by widths of its channels; none leave one width a layer. */
  readonly channelMeans?: readonly number[];
  readonly threads?: number;
  readonly onProgress?: (done: number, of: number) => void;
  readonly signal?: AbortSignal;
}

/** What all layers together may take. */
export type MixedBudget =
  /** Mean bits of inner layers: a weight, over parameters, and an input value, over elements. */
  | { readonly kind: "bits"; readonly weights: number; readonly activations: number }
  /** Of one image, on the integer engine of this machine, with one thread. */
  | { readonly kind: "time"; readonly milliseconds: number };

export interface FrontPoint {
  /** In the front's unit. */
  readonly amount: number;
  /** Sum of the layers' measured ones, nats. */
  readonly divergence: number;
}

export interface Front {
  readonly unit: "bits a weight" | "bits an activation" | "ms an image";
  /** Best choices from the widest to the narrowest. */
  readonly points: readonly FrontPoint[];
  /** What the layers got. */
  readonly chosen: FrontPoint;
  /** For bits: the widest width that every layer can have within the budget, which shows what mixing brings. */
  readonly uniform?: FrontPoint;
}

export interface MixedPrecision {
  /** For a policy: one entry a layer. */
  readonly layers: readonly LayerOverride[];
  /** Of weights and of activations, or of time. */
  readonly fronts: readonly Front[];
  /** Divergence by layer and width. */
  readonly costs: readonly LayerCosts[];
}

const WIDTHS = [2, 3, 4, 5, 6, 8];
const CHANNEL_MEANS = [2, 2.25, 2.5, 2.75, 3, 3.25, 3.5, 3.75, 4, 4.25, 4.5, 4.75, 5, 6, 7, 8];
/** Runs of a network for its layers' times, of which the shortest count. */
const RUNS = 10;

/**
 * @param float a simplified float network
 * @param check its answers to images; each layer is evaluated on them once for each width and kind
 * @throws {UsageError} where no choice of widths keeps within the budget, or the network has no inner layers
 */
export async function mixedPrecision(
  float: Graph,
  calibration: CalibrationInput,
  check: Check,
  options: MixedPrecisionOptions,
): Promise<MixedPrecision> {
  const { policy, budget, widths = WIDTHS, channelMeans = CHANNEL_MEANS, onProgress, signal } = options;
  const pairs = budget.kind === "time" ? widths.length ** 2 : 0;
  const byChannel = budget.kind === "bits" && channelMeans.length > 0;
  const names = innerLayers(insertFakeQuant(float, { ...policy, layers: [] })).map(({ node }) => node.name);
  if (names.length === 0)
    throw new UsageError(
      "mixed precision: the network has only a first and a last layer, which keep --first-last-bits.",
    );
  const errors = byChannel ? await channelErrors(float, names, calibration, options) : new Map<string, ChannelErrors>();
  const reference = widestWithin(widths, budget.kind === "bits" ? budget.activations : Number.POSITIVE_INFINITY);
  let done = 0;
  let all = 0;
  const advance = () => onProgress?.(++done, all);
  const costs = await measureLayerCosts(float, calibration, check, {
    ...options,
    widths,
    inputWidths: (layer) => (errors.has(layer) ? [reference] : widths),
    onLayers: (layers) => {
      all = layers * widths.length + pairs;
    },
    onLayer: advance,
  });
  if (budget.kind === "bits") return withinBits(costs, errors, { budget, widths, channelMeans });
  const times = await measureLayerTimes(float, calibration, {
    policy,
    layers: costs.map(({ layer }) => layer),
    widths,
    runs: RUNS,
    onPair: advance,
    ...(signal ? { signal } : {}),
  });
  return withinTime(costs, times, budget.milliseconds);
}

interface BitsOptions {
  readonly budget: Extract<MixedBudget, { kind: "bits" }>;
  readonly widths: readonly number[];
  readonly channelMeans: readonly number[];
}

function withinBits(
  costs: readonly LayerCosts[],
  errors: ReadonlyMap<string, ChannelErrors>,
  { budget, widths, channelMeans }: BitsOptions,
): MixedPrecision {
  const [ofWeights, ofActivations] = [budget.weights, budget.activations].map((bits) => widestWithin(widths, bits));
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
            channelWidths(ofChannels.within(bits), ofChannels, activations, budget.activations),
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
      { ...frontOf("bits a weight", weights), uniform: uniform(costs, "weights", ofWeights!) },
      { ...frontOf("bits an activation", activations), uniform: uniform(costs, "activations", ofActivations!) },
    ],
    costs,
  };
}

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
  const bits = mean(widths);
  return {
    entry: widths.every((width) => width === widths[0]) ? { activations: widths[0]! } : { channels: widths },
    bits,
    cost: before === 0 ? measured[reference]! : measured[reference]! * (error / before),
  };
}

/** The width that every layer can have within a budget. */
const widestWithin = (widths: readonly number[], budget: number): number =>
  Math.max(...widths.filter((width) => width <= budget), Math.min(...widths));

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

function withinTime(costs: readonly LayerCosts[], times: LayerTimes, milliseconds: number): MixedPrecision {
  const { rest } = times;
  const items = costs.map(({ layer, weights, activations }) =>
    times.layers.get(layer)!.map(
      (time): Choice<Widths> => ({
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
      `--max-time: ${milliseconds} ms an image cannot be reached on this machine; the fastest widths take ${(least + rest).toPrecision(3)} ms.`,
  );
  return {
    layers: costs.map(({ layer }, i) => {
      const { weights, activations } = allocation.choices[i]!.value;
      return { pattern: layer, weights, activations };
    }),
    fronts: [frontOf("ms an image", allocation, rest)],
    costs,
  };
}

function frontOf(unit: Front["unit"], { choices, front }: Allocation<unknown>, rest = 0): Front {
  const point = ({ amount, cost }: Sums): FrontPoint => ({ amount: amount + rest, divergence: cost });
  return { unit, points: front.map(point), chosen: point(sumsOf(choices)) };
}
