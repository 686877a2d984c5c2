/**
 * @file Crops convolution weights to the taps that ever read the image.
 *
 *   before   y = Conv(x, w; pads)
 *   after    y = Conv(x, w[live]; smaller pads)
 *
 * At a fixed image size the other taps change nothing and have no gradient. In deep layers on small images they are most of the
 * weights (eight ninths of a 3×3 kernel on a 1×1 image). Without them an imported network is smaller and faster, and their
 * values cannot widen the ranges of quantization. A training step need not read them; `wholeWeights` puts them back.
 */

import { inferKnownTypes } from "../inference/infer-types.js";
import type { Graph, Node, Tensor } from "../ir/types.js";
import { usesOf } from "../ir/uses.js";
import { convWindow } from "../operators/conv.js";
import { type LiveTaps, liveTaps } from "../operators/support/live-taps.js";
import { flatten, forEachIndex, gathered, stridesOf } from "../operators/support/values.js";
import { windowAttributes, windowOutput } from "../operators/support/windows.js";
import type { Pass } from "./pass.js";

/** The result of `cropDeadTaps`. */
export interface CroppedGraph {
  readonly graph: Graph;
  /** The taps that are left of each cropped weight, by its name. */
  readonly crops: ReadonlyMap<string, Pick<LiveTaps, "first" | "last">>;
}

/**
 * Crops convolution weights to the taps that can read the image; the others only read padding.
 *
 * @param graph with known image sizes; the batch may be symbolic
 * @param isCropped says which constants may lose taps; they keep their names
 */
export function cropDeadTaps(graph: Graph, isCropped: (weight: string) => boolean): CroppedGraph {
  const types = inferKnownTypes(graph);
  const uses = usesOf(graph);
  const crops = new Map<string, LiveTaps>();
  const nodes = graph.nodes.map((node) => {
    const [x, w] = node.inputs as [string, string];
    const weight = node.op === "Conv" && node.domain === "" ? graph.tensors.get(w) : undefined;
    const image = types.get(x)?.shape?.slice(2);
    if (!weight || uses.count(w) > 1 || !isCropped(w) || !image?.every((size) => typeof size === "number")) return node;
    const window = convWindow(node, weight.shape, types.get(x)!.shape!);
    const live = liveTaps(window, image as number[], windowOutput(node, window, image) as number[]);
    if (!live) return node;
    crops.set(w, live);
    return withWindow(node, live);
  });
  if (crops.size === 0) return { graph, crops };
  const tensors = [...graph.tensors].map(([name, tensor]) => {
    const live = crops.get(name);
    return [name, live ? cropped(tensor, live) : tensor] as const;
  });
  return { graph: { ...graph, nodes, tensors: new Map(tensors) }, crops };
}

/** Crops every constant weight that one convolution reads. */
export const cropTaps: Pass = { name: "crop-dead-taps", run: (graph) => cropDeadTaps(graph, () => true).graph };

function withWindow(node: Node, { window }: LiveTaps): Node {
  const { auto_pad: _, ...attributes } = node.attributes;
  return { ...node, attributes: { ...attributes, ...windowAttributes(window) } };
}

/** `weight[:, :, first … last]` */
function cropped(weight: Tensor, { first, window }: LiveTaps): Tensor {
  const strides = stridesOf(weight.shape);
  const begin = [0, 0, ...first];
  return gathered(weight, [...weight.shape.slice(0, 2), ...window.kernel], (index) =>
    flatten(
      index.map((at, axis) => at + begin[axis]!),
      strides,
    ),
  );
}

/** Puts a cropped weight back in full: the taps that were kept come from `live`, the others from `before`, times `factor`. */
export function wholeWeights(before: Tensor, live: Tensor, { first }: Pick<LiveTaps, "first">, factor: number): Tensor {
  const data = (before.data as Float32Array).map((value) => value * factor);
  const strides = stridesOf(before.shape);
  const begin = flatten([0, 0, ...first], strides);
  forEachIndex(live.shape, (index, at) => {
    data[begin + flatten(index, strides)] = live.data[at] as number;
  });
  return { ...before, data };
}
