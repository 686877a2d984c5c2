/**
 * @file Mixed precision: how much each layer suffers at each width is measured, then widths are given where they help most, under a
 * budget of bits.
 *
 * The divergence of the network's outputs with one layer's weights (or input) alone quantized is taken as that choice's cost. Costs of
 * layers are added, which holds while all are small. Each layer's costs are made convex over the bits it takes; taking away, again and
 * again, the bits that cost least for what they save then visits the best choice for every budget: the Pareto front.
 *
 * Sources: Cai et al. 2020, ZeroQ, arXiv:2001.00281, §3.3 (output divergence as sensitivity, front by adding); Shoham and Gersho 1988
 * (allocation on convex hulls).
 */

import { type Graph, inferTypes } from "@subbyte/graph";
import { UsageError } from "../errors.js";
import type { Check } from "./check.js";
import { insertFakeQuant } from "./insert.js";
import type { BitPolicy, LayerOverride } from "./policy.js";
import { type CalibrationInput, setRanges } from "./ranges.js";
import { type QuantizedLayer, quantizedAlone, quantizedLayers } from "./sensitivity/index.js";

export interface MixedPrecisionOptions {
  /** Decides first and last layer, residual stream and, without a budget of their own, the widths of activations. */
  readonly policy: BitPolicy;
  readonly seed: number;
  /** Bits a weight, mean over the parameters of inner layers. */
  readonly weightBits?: number;
  /** Bits an input value, mean over the elements of inner layers' inputs. */
  readonly activationBits?: number;
  /** Widths to choose from; 2, 3, 4, 5, 6 and 8 by default. */
  readonly widths?: readonly number[];
  readonly threads?: number;
  readonly onProgress?: (done: number, of: number) => void;
  readonly signal?: AbortSignal;
}

/** One choice of widths for one kind of values. */
export interface FrontPoint {
  /** Mean bits. */
  readonly bits: number;
  /** Sum of the measured divergences, nats. */
  readonly divergence: number;
}

export interface MixedPrecision {
  /** For a policy: one entry a layer. */
  readonly layers: readonly LayerOverride[];
  /** Best choices from the widest to the narrowest, by kind. */
  readonly front: { readonly weights: readonly FrontPoint[]; readonly activations: readonly FrontPoint[] };
  /** Divergence by layer and width. */
  readonly costs: readonly LayerCosts[];
}

export interface LayerCosts {
  readonly layer: string;
  readonly parameters: number;
  /** Values of the layer's input. */
  readonly elements: number;
  readonly weights: Readonly<Record<number, number>>;
  readonly activations: Readonly<Record<number, number>>;
}

const WIDTHS = [2, 3, 4, 5, 6, 8];

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
  const costs = await measureCosts(float, calibration, check, options);
  if (costs.length === 0)
    throw new UsageError(
      "mixed precision: the network has only a first and a last layer, which keep --first-last-bits.",
    );
  const { weightBits = options.policy.weights, activationBits = options.policy.activations } = options;
  const weights = allocate(
    costs.map((each) => ({ size: each.parameters, costs: each.weights })),
    weightBits,
    "weights",
  );
  const activations = allocate(
    costs.map((each) => ({ size: each.elements, costs: each.activations })),
    activationBits,
    "activations",
  );
  return {
    layers: costs.map(({ layer }, i) => ({
      pattern: layer,
      weights: weights.bits[i]!,
      activations: activations.bits[i]!,
    })),
    front: { weights: weights.front, activations: activations.front },
    costs,
  };
}

async function measureCosts(
  float: Graph,
  calibration: CalibrationInput,
  check: Check,
  options: MixedPrecisionOptions,
): Promise<readonly LayerCosts[]> {
  const { policy, seed, threads, signal, onProgress, widths = WIDTHS } = options;
  const types = inferTypes(float);
  const inner = (graph: Graph): readonly QuantizedLayer[] =>
    quantizedLayers(graph).filter(({ first, last }) => !first && !last);
  const costs = new Map<string, { weights: Record<number, number>; activations: Record<number, number> }>();
  let done = 0;
  for (const width of widths) {
    const uniform = { ...policy, weights: width, activations: width, layers: [] };
    const graph = await setRanges(insertFakeQuant(float, uniform), calibration, {
      method: "mse",
      seed,
      ...(threads === undefined ? {} : { threads }),
      ...(signal ? { signal } : {}),
    });
    const layers = inner(graph);
    for (const layer of layers) {
      signal?.throwIfAborted();
      const entry = costs.get(layer.node.name) ?? { weights: {}, activations: {} };
      costs.set(layer.node.name, entry);
      entry.weights[width] = (await check.measure(quantizedAlone(graph, float, layer, "weights"))).divergence;
      entry.activations[width] = (await check.measure(quantizedAlone(graph, float, layer, "input"))).divergence;
      onProgress?.(++done, widths.length * layers.length);
    }
  }
  const byName = new Map(float.nodes.map((node) => [node.name, node]));
  return [...costs].map(([layer, measured]) => {
    const [input, weight] = byName.get(layer)!.inputs as [string, string];
    const shape = types.get(input)?.shape?.slice(1) ?? [];
    return {
      layer,
      parameters: float.tensors.get(weight)!.data.length,
      elements: shape.reduce<number>((product, dim) => product * Number(dim), 1),
      ...measured,
    };
  });
}

interface Item {
  /** Values that share the width. */
  readonly size: number;
  /** By width. */
  readonly costs: Readonly<Record<number, number>>;
}

interface Allocation {
  /** Width of each item. */
  readonly bits: readonly number[];
  readonly front: readonly FrontPoint[];
}

/**
 * The widths of least total cost whose mean, weighted by size, does not exceed `budget`.
 * @throws {UsageError} where even the narrowest widths exceed it
 */
export function allocate(items: readonly Item[], budget: number, kind: string): Allocation {
  const hulls = items.map(hull);
  const total = items.reduce((sum, { size }) => sum + size, 0);
  const at = hulls.map(() => 0);
  const mean = () => hulls.reduce((sum, points, i) => sum + points[at[i]!]!.bits * items[i]!.size, 0) / total;
  const cost = () => hulls.reduce((sum, points, i) => sum + points[at[i]!]!.cost, 0);
  const front: FrontPoint[] = [{ bits: mean(), divergence: cost() }];
  let chosen = mean() <= budget ? [...at] : undefined;
  for (;;) {
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    hulls.forEach((points, i) => {
      const here = points[at[i]!]!;
      const next = points[at[i]! + 1];
      if (!next) return;
      const price = (next.cost - here.cost) / ((here.bits - next.bits) * items[i]!.size);
      if (price < least) {
        least = price;
        best = i;
      }
    });
    if (best === -1) break;
    at[best]!++;
    front.push({ bits: mean(), divergence: cost() });
    if (!chosen && mean() <= budget) chosen = [...at];
  }
  if (!chosen)
    throw new UsageError(
      `mixed precision: ${kind} of ${budget.toFixed(2)} bits on average cannot be reached; the narrowest widths give ${mean().toFixed(2)}.`,
    );
  const filled = fill(hulls, items, chosen, budget * total);
  return { bits: filled.map((place, i) => hulls[i]![place]!.bits), front };
}

/** Uses what is left of the budget: the step back that gains most, as long as one fits. */
function fill(hulls: readonly (readonly Point[])[], items: readonly Item[], at: readonly number[], bits: number) {
  const places = [...at];
  for (;;) {
    const used = places.reduce((sum, place, i) => sum + hulls[i]![place]!.bits * items[i]!.size, 0);
    let best = -1;
    let most = 0;
    places.forEach((place, i) => {
      const wider = hulls[i]![place - 1];
      if (!wider) return;
      const here = hulls[i]![place]!;
      if (used + (wider.bits - here.bits) * items[i]!.size > bits) return;
      if (here.cost - wider.cost > most) {
        most = here.cost - wider.cost;
        best = i;
      }
    });
    if (best === -1) return places;
    places[best]!--;
  }
}

interface Point {
  readonly bits: number;
  readonly cost: number;
}

/** The lower convex hull of cost over bits, the widest first; a narrower width never costs less. */
function hull({ costs }: Item): readonly Point[] {
  const points = Object.entries(costs)
    .map(([bits, cost]) => ({ bits: Number(bits), cost }))
    .sort((a, b) => b.bits - a.bits);
  let most = 0;
  const result: Point[] = [];
  for (const { bits, cost } of points) {
    most = Math.max(most, cost);
    const point = { bits, cost: most };
    while (result.length >= 2 && !isConvex(result.at(-2)!, result.at(-1)!, point)) result.pop();
    result.push(point);
  }
  return result;
}

/** Whether the price of a bit rises from a→b to b→c. */
const isConvex = (a: Point, b: Point, c: Point): boolean =>
  (b.cost - a.cost) * (b.bits - c.bits) < (c.cost - b.cost) * (a.bits - b.bits);
