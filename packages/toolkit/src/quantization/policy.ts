/**
 * @file The bit policy: the bit widths of every layer's weights and input, decided once, before any range is measured.
 * `insert.ts` inserts FakeQuant nodes with these bit widths; ranges, reconstruction, export and lowering read them there.
 */

import type { Graph } from "@subbyte/graph";
import { UsageError } from "../errors.js";
import { analyse, isLayer, type Topology } from "./topology.js";

/** Bit widths for the layers whose name matches; later entries win. */
export interface LayerOverride {
  /** Name of a layer's node; `*` matches any characters. */
  readonly pattern: string;
  readonly weights?: number;
  readonly activations?: number;
}

/** Bit widths of a whole network. */
export interface BitPolicy {
  /** Bit width of convolution and linear weights, 2 … 8. */
  readonly weights: number;
  /** Bit width of the inputs of convolution and linear layers, 2 … 8. */
  readonly activations: number;
  /** Bit width of weights and inputs of the first convolution and the last linear layer; 8 by default. */
  readonly firstLastBits?: number;
  /** Smallest bit width of weights and inputs of depthwise convolutions; 8 by default. */
  readonly depthwiseBits?: number;
  /** Bit width at which the residual stream is stored (what an Add, an average pool, a table or a channel factor reads); 8 by default. */
  readonly residualBits?: number;
  /** Leaves the lowest weight code unused at 4 bits and more, so that the grid is symmetric; true by default. */
  readonly narrowWeights?: boolean;
  /** Limits weights to 7 bits, with which 8×8-bit kernels without VNNI do not saturate (ONNX Runtime's `reduce_range`). */
  readonly reduceRange?: boolean;
  readonly layers?: readonly LayerOverride[];
}

export interface LayerBitWidths {
  readonly weights: number;
  readonly input: number;
}

/** Bit widths by layer name, and those that do not belong to a layer. */
export interface BitWidths {
  readonly layers: ReadonlyMap<string, LayerBitWidths>;
  readonly residual: number;
  readonly narrow: (bits: number) => boolean;
}

/**
 * Checks that the engine supports a bit width.
 * @param place the place where the bit width was given, for the message
 * @throws {UsageError} that names the option
 */
export function checkBits(bits: number, option: string, place = `\`${option}\``): void {
  if (!Number.isInteger(bits) || bits < 2 || bits > 8)
    throw new UsageError(
      "option-value",
      { option, value: bits, expected: "a whole number from 2 to 8" },
      `${place}: a bit width of ${bits} is not supported; take a whole number from 2 to 8.`,
    );
}

/** Whether a layer name matches a pattern in which `*` stands for any run of characters. */
function matchesPattern(name: string, pattern: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(name);
}

/**
 * The bit widths of every layer of a graph under a policy.
 * @throws {UsageError} for a bit width outside 2 … 8 and for a pattern that matches no layer
 */
export function decideBitWidths(graph: Graph, topology: Topology, policy: BitPolicy): BitWidths {
  const firstLast = policy.firstLastBits ?? 8;
  const depthwise = policy.depthwiseBits ?? 8;
  const residual = policy.residualBits ?? 8;
  checkBits(policy.weights, "weights");
  checkBits(policy.activations, "activations");
  checkBits(firstLast, "firstLastBits");
  checkBits(depthwise, "depthwiseBits");
  checkBits(residual, "residualBits");

  const layers = new Map<string, LayerBitWidths>();
  for (const node of graph.nodes) {
    if (!isLayer(node)) continue;
    if (topology.readsInput(node) || topology.reachesOutput(node))
      layers.set(node.name, { weights: firstLast, input: firstLast });
    else if (topology.isChannelAffine(node)) layers.set(node.name, { weights: residual, input: residual });
    else if (topology.isDepthwise(node))
      layers.set(node.name, {
        weights: Math.max(depthwise, policy.weights),
        input: Math.max(depthwise, policy.activations),
      });
    else layers.set(node.name, { weights: policy.weights, input: policy.activations });
  }
  for (const override of policy.layers ?? []) applyOverride(layers, override);
  if (policy.reduceRange)
    for (const [name, { weights, input }] of layers) layers.set(name, { weights: Math.min(weights, 7), input });
  return { layers, residual, narrow: (bits) => (policy.narrowWeights ?? true) && bits >= 4 };
}

/** The policy with these bit widths for every inner layer, including depthwise ones and those with their own entry. */
export const uniformPolicy = (policy: BitPolicy, weights: number, activations: number): BitPolicy => ({
  ...policy,
  weights,
  activations,
  depthwiseBits: Math.min(weights, activations),
  layers: [],
});

/** Inner depthwise convolutions that `depthwiseBits` gives more bits than other layers; undefined if there are none. */
export function keptDepthwise(
  graph: Graph,
  { weights, activations, depthwiseBits: bits = 8 }: BitPolicy,
): { readonly layers: number; readonly bits: number } | undefined {
  if (bits <= Math.min(weights, activations)) return undefined;
  const { isDepthwise, readsInput, reachesOutput } = analyse(graph);
  const layers = graph.nodes.filter((node) => isDepthwise(node) && !readsInput(node) && !reachesOutput(node)).length;
  return layers === 0 ? undefined : { layers, bits };
}

function applyOverride(layers: Map<string, LayerBitWidths>, override: LayerOverride): void {
  const names = [...layers.keys()].filter((name) => matchesPattern(name, override.pattern));
  if (names.length === 0)
    throw new UsageError(
      "invalid-policy",
      { reason: "the pattern matches no layer", value: override.pattern, nodes: [...layers.keys()] },
      `\`policy\`: the pattern "${override.pattern}" matches no layer. The layers are: ${[...layers.keys()].join(", ")}.`,
    );
  const place = `\`policy\`, pattern "${override.pattern}"`;
  if (override.weights !== undefined) checkBits(override.weights, "policy", `${place}, weights`);
  if (override.activations !== undefined) checkBits(override.activations, "policy", `${place}, activations`);
  for (const name of names) {
    const before = layers.get(name)!;
    layers.set(name, {
      weights: override.weights ?? before.weights,
      input: override.activations ?? before.input,
    });
  }
}
