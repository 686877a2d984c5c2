/**
 * @file Measures what each bit width costs in each layer: the divergence of the network's outputs if only that layer's weights,
 * or only its input, are quantized.
 *
 * Source: Cai et al. 2020, ZeroQ, arXiv:2001.00281, §3.3 (output divergence as sensitivity).
 */

import { type Graph, inferTypes } from "@subbyte/graph";
import { type RuntimeOptions, runtimeOptions } from "../../runtime/runtime-options.js";
import type { Check } from "../check.js";
import { insertFakeQuant } from "../insert.js";
import { type BitPolicy, uniformPolicy } from "../policy.js";
import { type CalibrationInput, setRanges } from "../ranges.js";
import { innerLayers, quantizedAlone } from "../sensitivity/index.js";

/** Divergence of the network's outputs if one layer is quantized, per bit width. */
export interface LayerCosts {
  readonly layer: string;
  readonly parameters: number;
  /** Number of elements of the layer's input. */
  readonly elements: number;
  /** Divergence by bit width of the layer's weights. */
  readonly weights: Readonly<Record<number, number>>;
  /** Divergence by bit width of the layer's input. */
  readonly activations: Readonly<Record<number, number>>;
}

export interface LayerCostsOptions extends RuntimeOptions {
  readonly policy: BitPolicy;
  readonly seed: number;
  readonly bitWidths: readonly number[];
  /** Called after each layer at each bit width. */
  readonly onLayer: () => void;
  readonly signal?: AbortSignal;
}

/**
 * @param float a simplified float network
 * @param check its answers to images; each layer is evaluated on them once per bit width of its weights and of its input
 */
export async function measureLayerCosts(
  float: Graph,
  calibration: CalibrationInput,
  check: Check,
  options: LayerCostsOptions,
): Promise<readonly LayerCosts[]> {
  const { policy, seed, signal, bitWidths, onLayer } = options;
  const types = inferTypes(float);
  const costs = new Map<string, { weights: Record<number, number>; activations: Record<number, number> }>();
  for (const bits of bitWidths) {
    const graph = await setRanges(insertFakeQuant(float, uniformPolicy(policy, bits, bits)), calibration, {
      method: "mse",
      seed,
      ...runtimeOptions(options),
      ...(signal ? { signal } : {}),
    });
    const layers = innerLayers(graph);
    for (const layer of layers) {
      signal?.throwIfAborted();
      const entry = costs.get(layer.node.name) ?? { weights: {}, activations: {} };
      costs.set(layer.node.name, entry);
      entry.weights[bits] = (await check.measure(quantizedAlone(graph, float, layer, "weights"))).divergence;
      entry.activations[bits] = (await check.measure(quantizedAlone(graph, float, layer, "input"))).divergence;
      onLayer();
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
