/**
 * @file Slice: every `step`-th element from `start` to before `end` along each named axis. Spec: ONNX `Slice`, opset 13.
 *
 * Inputs x, starts, ends, axes (all in order by default), steps (1 by default). Bounds beyond the ends, the int64 limits among
 * them, are clamped; negative ones count from the end.
 */

import { isStatic } from "../ir/dims.js";
import { toNumbers } from "../ir/tensor.js";
import type { Dim, Node, Tensor } from "../ir/types.js";
import type { GradientContext, OperatorDefinition } from "./definition.js";
import { misfit, normalizeAxis } from "./support/attributes.js";
import { flatten, gathered, stridesOf } from "./support/values.js";

/** The elements start, start + step, … (`count` of them) of an axis. */
interface Range {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

type Bounds = readonly [
  starts: readonly number[],
  ends: readonly number[],
  axes?: readonly number[] | undefined,
  steps?: readonly number[] | undefined,
];

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

function rangeOf(start: number, end: number, step: number, size: number): Range {
  const [first, last] = [start, end].map((bound) => (bound < 0 ? bound + size : bound)) as [number, number];
  const from = step > 0 ? clamp(first, 0, size) : clamp(first, 0, size - 1);
  const to = step > 0 ? clamp(last, 0, size) : clamp(last, -1, size - 1);
  return { start: from, step, count: Math.max(0, Math.ceil((to - from) / step)) };
}

/** One range per axis; undefined if the axis is kept whole, or if its size is a symbol that the range depends on. */
function rangesOf(node: Node, shape: readonly Dim[], [starts, ends, axes, steps]: Bounds) {
  if ([ends, axes, steps].some((list) => list && list.length !== starts.length))
    throw misfit(
      node,
      `${starts.length} starts, ${ends.length} ends, axes [${axes}], steps [${steps}]`,
      "lists of equal length",
    );
  const ranges = new Array<Range | "unknown" | undefined>(shape.length).fill(undefined);
  starts.forEach((start, i) => {
    const axis = normalizeAxis(node, axes ? axes[i]! : i, shape.length);
    const [end, step, size] = [ends[i]!, steps ? steps[i]! : 1, shape[axis]!];
    if (step === 0) throw misfit(node, `step 0 on axis ${axis}`, "a step other than 0");
    if (typeof size === "number") ranges[axis] = rangeOf(start, end, step, size);
    else if (!(start === 0 && step === 1 && end >= 2 ** 31 - 1)) ranges[axis] = "unknown";
  });
  return ranges;
}

const bounds = (constants: readonly (Tensor | undefined)[]): Bounds | undefined => {
  const [starts, ends, axes, steps] = constants.map((tensor) => tensor && toNumbers(tensor));
  return starts && ends && [starts, ends, axes, steps];
};

export const Slice: OperatorDefinition = {
  op: "Slice",
  required: 3,
  integers: [1, 2, 3, 4],

  infer({ node, inputs: [x], constant, dims }) {
    if (!x) throw misfit(node, "no input", "x, starts and ends");
    if (!x.shape) return [{ dtype: x.dtype }];
    const known = (index: number): readonly number[] | undefined => {
      const tensor = constant(index);
      const computed = dims(index);
      return tensor ? toNumbers(tensor) : computed && isStatic(computed) ? computed : undefined;
    };
    const given = [1, 2, 3, 4].map(known);
    const [starts, ends, axes, steps] = given;
    // If bounds are known only at run time, only the rank of the result is known.
    if (!starts || !ends || given.some((values, i) => node.inputs[i + 1] && !values))
      return [{ dtype: x.dtype, shape: x.shape.map((_, axis) => `${node.name}.${axis}`) }];
    const ranges = rangesOf(node, x.shape, [starts, ends, axes, steps]);
    const shape = x.shape.map((dim, axis) => {
      const range = ranges[axis];
      return range === undefined ? dim : range === "unknown" ? `${node.name}.${axis}` : range.count;
    });
    return [{ dtype: x.dtype, shape }];
  },

  evaluate(node, [x, ...rest]) {
    const ranges = rangesOf(node, x!.shape, bounds(rest)!) as (Range | undefined)[];
    const own = stridesOf(x!.shape);
    const offset = ranges.reduce((sum, range, axis) => sum + (range ? range.start * own[axis]! : 0), 0);
    const strides = own.map((stride, axis) => stride * (ranges[axis]?.step ?? 1));
    const shape = x!.shape.map((dim, axis) => ranges[axis]?.count ?? dim);
    return [gathered(x!, shape, (index) => offset + flatten(index, strides))];
  },

  /**
   * Puts dy back to where it was read, with zeros around and between. To spread elements by `step`, an extra axis of size 1 is
   * padded to `step` and merged, which costs one copy.
   */
  gradient(context) {
    const { node, g, type, constant, outputGradients } = context;
    const shape = type(node.inputs[0]!).shape!;
    const given = bounds([1, 2, 3, 4].map((i) => (node.inputs[i] ? constant(node.inputs[i]) : undefined)));
    if (!given) throw misfit(node, "bounds computed at run time", "constant bounds to differentiate");
    const ranges = rangesOf(node, shape, given);
    if (ranges.includes("unknown"))
      throw misfit(node, `a part of a symbolic axis of [${shape}]`, "a fixed size to differentiate");
    const known = ranges as readonly (Range | undefined)[];
    let dy = outputGradients[0]!;

    const reversed = known.flatMap((range, axis) => (range && range.step < 0 ? [axis] : []));
    if (reversed.length > 0) {
      const all = (value: number) => g.ints(reversed.map(() => value));
      dy = g.op("Slice", [dy, all(-1), all(-(2 ** 31)), g.ints(reversed), all(-1)]);
    }

    // From here on every axis runs upwards: lowest element, distance, count.
    const upward = known.map((range) =>
      range && range.step < 0
        ? { start: range.start + range.step * (range.count - 1), step: -range.step, count: range.count }
        : range,
    );
    dy = spread(context, dy, upward);
    const pads = upward.map((range, axis) => {
      if (!range) return [0, 0];
      const covered = range.count * range.step;
      return [range.start, (shape[axis] as number) - range.start - covered];
    });
    if (pads.every(([before, after]) => before === 0 && after === 0)) return [dy];
    return [g.op("Pad", [dy, g.ints([...pads.map(([before]) => before!), ...pads.map(([, after]) => after!)])])];
  },
};

/** Inserts step − 1 zeros after every element along each axis. */
function spread({ node, g, type }: GradientContext, dy: string, ranges: readonly (Range | undefined)[]): string {
  if (ranges.every((range) => !range || range.step === 1)) return dy;
  const shape = type(node.outputs[0]!).shape!;
  if (shape.filter((dim) => typeof dim === "string").length > 1)
    throw misfit(node, `the shape [${shape}] has several symbolic dimensions`, "one at most, to differentiate");
  const split: number[] = [];
  const merged: number[] = [];
  const ends: number[] = [];
  shape.forEach((dim, axis) => {
    const step = ranges[axis]?.step ?? 1;
    const size = typeof dim === "number" ? dim : -1;
    split.push(size);
    ends.push(0);
    if (step > 1) {
      split.push(1);
      ends.push(step - 1);
    }
    merged.push(size * (size === -1 ? 1 : step));
  });
  const separated = g.op("Reshape", [dy, g.ints(split)]);
  const padded = g.op("Pad", [separated, g.ints([...ends.map(() => 0), ...ends])]);
  return g.op("Reshape", [padded, g.ints(merged)]);
}
