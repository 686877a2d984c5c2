/**
 * @file Recognizes what a network does to the channels of its image before the first layer: normalization, or another order of
 * channels.
 *
 * Each value near the input is represented as a list of channels, each of which is `factor · x[source] + offset` for some
 * channel of the image. So one analysis covers torchvision's `transform_input` (Gather, Mul, Add and Concat per channel), BGR
 * by Slice, Gather or Split, normalization by Sub and Div, and Transpose between layouts.
 */

import { toNumbers } from "../ir/tensor.js";
import type { Graph, Node, Tensor } from "../ir/types.js";
import { numbersOf } from "../operators/support/values.js";
import { batchNormAffine, type ChannelAffine, constantAffine } from "../passes/channel-affine.js";
import { fromStart, permOf } from "../passes/permutations.js";

export interface Channel {
  readonly source: number;
  readonly factor: number;
  readonly offset: number;
}

/** A value made of channels of the image. */
export interface ChannelValue {
  readonly channels: readonly Channel[];
  /**
   * The axis of the channels, in [N, C, H, W] or [N, H, W, C]; undefined if the value is a single channel without this axis.
   */
  readonly axis: 1 | 3 | undefined;
}

type Known = ReadonlyMap<string, ChannelValue>;

/** All values that are made of channels of the input `name`, by name; the input among them. */
export function channelValues(graph: Graph, name: string, channels: number): Known {
  const known = new Map<string, ChannelValue>();
  known.set(name, {
    channels: Array.from({ length: channels }, (_, source) => ({ source, factor: 1, offset: 0 })),
    axis: 1,
  });
  for (const node of graph.nodes) {
    if (node.domain !== "") continue;
    const results = follow(node, known, graph.tensors);
    for (const [i, output] of node.outputs.entries()) if (results?.[i] && output !== "") known.set(output, results[i]);
  }
  return known;
}

function follow(node: Node, known: Known, tensors: Graph["tensors"]): readonly ChannelValue[] | undefined {
  const at = node.inputs.findIndex((input) => known.has(input));
  if (at < 0) return undefined;
  const value = known.get(node.inputs[at]!)!;
  const constant = (index: number): Tensor | undefined => tensors.get(node.inputs[index] ?? "");
  const isOverChannels = (axis: unknown): boolean =>
    value.axis !== undefined && typeof axis === "number" && fromStart(axis, 4) === value.axis;
  switch (node.op) {
    case "Identity":
      return [value];
    case "Transpose":
      return moved(node, value);
    case "Add":
    case "Mul":
    case "Sub":
    case "Div": {
      const operand = constant(1 - at);
      const isForward = at === 0 || node.op === "Add" || node.op === "Mul";
      return operand && isForward ? scaled(value, affineOf(node.op, operand, value)) : undefined;
    }
    case "BatchNormalization": {
      const parameters = [1, 2, 3, 4].map(constant);
      const isKnown =
        value.axis === 1 && !node.attributes.training_mode && parameters.every((each) => each !== undefined);
      return isKnown ? scaled(value, batchNormAffine(node, parameters as Tensor[])) : undefined;
    }
    case "Gather": {
      const indices = constant(1);
      return indices && isOverChannels(node.attributes.axis ?? 0) ? picked(value, indices) : undefined;
    }
    case "Slice":
      return sliced(value, [1, 2, 3, 4].map(constant), isOverChannels);
    case "Split":
      return isOverChannels(node.attributes.axis ?? 0) ? divided(node, value, constant(1)) : undefined;
    case "Unsqueeze": {
      const axes = constant(1);
      const [axis] = axes && axes.data.length === 1 ? toNumbers(axes).map((each) => fromStart(each, 4)) : [];
      return value.axis === undefined && (axis === 1 || axis === 3) ? [{ ...value, axis }] : undefined;
    }
    case "Squeeze": {
      const axes = constant(1);
      const isChannel = axes?.data.length === 1 && isOverChannels(toNumbers(axes)[0]);
      return isChannel && value.channels.length === 1 ? [{ ...value, axis: undefined }] : undefined;
    }
    case "Concat": {
      const parts = node.inputs.map((input) => known.get(input));
      if (!isOverChannels(node.attributes.axis) || parts.some((part) => part?.axis !== value.axis)) return undefined;
      return [{ channels: parts.flatMap((part) => part!.channels), axis: value.axis }];
    }
    default:
      return undefined;
  }
}

function moved(node: Node, value: ChannelValue): readonly ChannelValue[] | undefined {
  const perm = permOf(node).join();
  if (value.axis === 1 && perm === "0,2,3,1") return [{ ...value, axis: 3 }];
  if (value.axis === 3 && perm === "0,3,1,2") return [{ ...value, axis: 1 }];
  return undefined;
}

function affineOf(op: string, operand: Tensor, { channels, axis }: ChannelValue): ChannelAffine | undefined {
  if (axis === undefined && operand.data.length !== 1) return undefined;
  const behind = axis === 1 ? 2 : 0;
  const values = numbersOf(operand);
  const shape = [...new Array<number>(Math.max(0, 4 - operand.shape.length)).fill(1), ...operand.shape];
  const isVector = axis === 3 && shape.slice(0, 3).every((dim) => dim === 1) && values.length === channels.length;
  if (!isVector) return constantAffine(op, operand, channels.length, behind);
  return constantAffine(op, { ...operand, shape: [values.length] }, channels.length, 0);
}

function scaled(value: ChannelValue, affine: ChannelAffine | undefined): readonly ChannelValue[] | undefined {
  if (!affine || affine.factor.length !== value.channels.length) return undefined;
  const channels = value.channels.map(({ source, factor, offset }, c) => ({
    source,
    factor: factor * affine.factor[c]!,
    offset: offset * affine.factor[c]! + affine.offset[c]!,
  }));
  return [{ ...value, channels }];
}

function picked({ channels, axis }: ChannelValue, indices: Tensor): readonly ChannelValue[] | undefined {
  const chosen = toNumbers(indices).map((index) => channels[fromStart(index, channels.length)]);
  if (indices.shape.length > 1 || !chosen.every((channel) => channel !== undefined)) return undefined;
  return [{ channels: chosen, axis: indices.shape.length === 0 ? undefined : axis }];
}

function sliced(
  { channels, axis }: ChannelValue,
  constants: readonly (Tensor | undefined)[],
  isOverChannels: (axis: unknown) => boolean,
): readonly ChannelValue[] | undefined {
  const [starts, ends, axes, steps] = constants.map((tensor) => tensor && toNumbers(tensor));
  if (starts?.length !== 1 || ends?.length !== 1 || !isOverChannels(axes?.[0])) return undefined;
  const [step = 1, count] = [steps?.[0], channels.length];
  const bound = (at: number): number => (at < 0 ? Math.max(at + count, -1) : Math.min(at, count));
  const [from, to] = [Math.min(bound(starts[0]!), step < 0 ? count - 1 : count), bound(ends[0]!)];
  const chosen: Channel[] = [];
  for (let c = from; step > 0 ? c < to : step < 0 && c > to && c >= 0; c += step) chosen.push(channels[c]!);
  return chosen.length === 0 ? undefined : [{ channels: chosen, axis }];
}

function divided(node: Node, { channels, axis }: ChannelValue, sizes: Tensor | undefined): readonly ChannelValue[] {
  const each = Math.ceil(channels.length / node.outputs.length);
  const given = sizes ? toNumbers(sizes) : node.outputs.map(() => each);
  let start = 0;
  return given.map((size) => {
    const part = channels.slice(start, start + size);
    start += size;
    return { channels: part, axis };
  });
}
