/**
 * @file Convolution and its two gradients: chooses the decomposition that computes them.
 *
 * A decomposition returns a value for the geometries for which it is right and profitable, and `undefined` for others; the
 * first of the list that returns a value is used. Several of them reduce the problem (fewer taps, a plain matrix product) and
 * pass the rest to the list again.
 */

import type { Node } from "../ir/types.js";
import { staticSizes } from "../operators/conv.js";
import { attributesOf } from "../operators/support/attributes.js";
import { type Window, windowAttributes, windowOf, windowOutput } from "../operators/support/windows.js";
import type { Decomposition, DecompositionContext } from "./decomposition.js";
import { reshape, transpose } from "./support.js";

/** A convolution of x [n, channels, …image] with w [outputs, channels/group, …kernel] to y [n, outputs, …output]. */
export interface ConvGeometry extends Window {
  readonly group: number;
  readonly channels: number;
  readonly outputs: number;
  readonly image: readonly number[];
  readonly output: readonly number[];
}

/** The attributes of Conv, ConvTranspose and the gradients for a geometry. */
export const convAttributes = (geometry: ConvGeometry) => ({ ...windowAttributes(geometry), group: geometry.group });

export interface ConvContext extends Pick<DecompositionContext, "g" | "once"> {
  readonly geometry: ConvGeometry;
  /** Builds the problem after a reduction, with the decompositions of the list. */
  reduced(geometry: ConvGeometry): ReducedConv;
}

type Build = (context: ConvContext, a: string, b: string) => string | undefined;

export interface ConvDecomposition {
  /** Builds y from (x, w), without bias. */
  readonly forward?: Build;
  /** Builds dx from (dy, w). */
  readonly inputGradient?: Build;
  /** Builds dw from (dy, x). */
  readonly weightGradient?: Build;
}

/** Builds what the decompositions choose; plain ONNX if none of them applies. */
export interface ReducedConv {
  forward(x: string, w: string): string;
  inputGradient(dy: string, w: string): string;
  weightGradient(dy: string, x: string): string;
}

/** Decompositions of Conv, ConvInputGradient and ConvWeightGradient nodes, from a list of alternatives. */
export function convDecompositions(alternatives: readonly ConvDecomposition[]): readonly Decomposition[] {
  const choose = (
    kind: keyof ConvDecomposition,
    context: DecompositionContext,
    geometry: ConvGeometry,
    a: string,
    b: string,
  ): string | undefined => {
    const conv: ConvContext = { ...context, geometry, reduced: (smaller) => reduced(context, smaller) };
    for (const alternative of alternatives) {
      const value = alternative[kind]?.(conv, a, b);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const certain = (value: string | undefined): string => {
    if (value === undefined) throw new Error("internal: no decomposition of a convolution's gradient");
    return value;
  };
  const reduced = (context: DecompositionContext, geometry: ConvGeometry): ReducedConv => ({
    forward: (x, w) =>
      choose("forward", context, geometry, x, w) ?? context.g.op("Conv", [x, w], convAttributes(geometry)),
    inputGradient: (dy, w) => certain(choose("inputGradient", context, geometry, dy, w)),
    weightGradient: (dy, x) => certain(choose("weightGradient", context, geometry, dy, x)),
  });

  return [
    {
      op: "Conv",
      domain: "",
      rewrite(node, context) {
        const geometry = forwardGeometry(node, context);
        if (!geometry) return undefined;
        const [x, w, bias] = node.inputs as [string, string, string?];
        const y = choose("forward", context, geometry, x, w);
        if (y === undefined) return undefined;
        if (!bias) return [y];
        const perChannel = reshape(context.g, bias, [1, geometry.outputs, ...geometry.output.map(() => 1)]);
        return [context.g.op("Add", [y, perChannel])];
      },
    },
    {
      op: "ConvInputGradient",
      domain: "subbyte",
      rewrite(node, context) {
        const [dy, w] = node.inputs as [string, string];
        const { input_shape: image } = attributesOf(node, { input_shape: [] as number[] });
        const [outputs, perGroup, ...kernel] = context.type(w).shape as [number, number, ...number[]];
        const { group } = attributesOf(node, { group: 1 });
        const geometry = gradientGeometry(node, context, { group, outputs, channels: perGroup * group, image, kernel });
        return [certain(choose("inputGradient", context, geometry, dy, w))];
      },
    },
    {
      op: "ConvWeightGradient",
      domain: "subbyte",
      rewrite(node, context) {
        const [dy, x] = node.inputs as [string, string];
        const { group, kernel_shape: kernel } = attributesOf(node, { group: 1, kernel_shape: [] as number[] });
        const shape = context.type(x).shape!;
        const sizes = {
          group,
          channels: shape[1] as number,
          outputs: context.type(dy).shape![1] as number,
          image: staticSizes(node, shape),
          kernel,
        };
        return [certain(choose("weightGradient", context, gradientGeometry(node, context, sizes), dy, x))];
      },
    },
  ];
}

/** Returns undefined if a size is symbolic: such a convolution stays as it is. */
function forwardGeometry(node: Node, { type }: DecompositionContext): ConvGeometry | undefined {
  const [x, w] = [type(node.inputs[0]!).shape, type(node.inputs[1]!).shape];
  if (!x || !w) return undefined;
  const sizes = [...x.slice(1), ...w];
  if (!sizes.every((dim) => typeof dim === "number")) return undefined;
  const image = x.slice(2) as number[];
  const [outputs, , ...kernel] = w as [number, number, ...number[]];
  const window = windowOf(node, kernel, image);
  return {
    ...window,
    group: attributesOf(node, { group: 1 }).group,
    channels: x[1] as number,
    outputs,
    image,
    output: windowOutput(node, window, image) as number[],
  };
}

function gradientGeometry(
  node: Node,
  { type }: DecompositionContext,
  sizes: Pick<ConvGeometry, "group" | "channels" | "outputs" | "image" | "kernel">,
): ConvGeometry {
  const output = staticSizes(node, type(node.inputs[0]!).shape!);
  return { ...windowOf(node, sizes.kernel, sizes.image), ...sizes, output };
}

/** Whether all entries of a list are `value`. */
export const every = (list: readonly number[], value: number): boolean => list.every((entry) => entry === value);

/** [n, c, …] with the two leading axes exchanged, computed once per value. */
export const channelsFirst = ({ g, once, geometry }: ConvContext, value: string): string =>
  once(`channels first of ${value}`, () => transpose(g, value, [1, 0, ...geometry.image.map((_, axis) => axis + 2)]));
