/**
 * @file Brings slices to one form: non-negative constant bounds inside the value, and one node for slices of several axes.
 *
 * PyTorch exports `x[:, :, ::2, ::2]` as one Slice per axis, with 2^63 − 1 for "to the end". Afterwards it is one Slice of the
 * axes [2, 3], with starts, ends, axes and steps as constants.
 */

import { int64 } from "../ir/tensor.js";
import type { Tensor, TensorType } from "../ir/types.js";
import { anyValue, constant, node, optional } from "../patterns/pattern.js";
import { type RewriteContext, type Rule, skip } from "../patterns/rule.js";
import { rulePass } from "./pass.js";

/** One axis of a slice, with 0 ≤ start ≤ end ≤ size and a positive step. */
interface Range {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

const x = anyValue();
const [starts, ends] = [constant(), constant()];
const [axes, steps] = [optional(constant()), optional(constant())];
const inner = [constant(), constant(), optional(constant()), optional(constant())] as const;

const clamp = (value: bigint, low: bigint, high: bigint): bigint => (value < low ? low : value > high ? high : value);

/** The ranges of a slice of a value of `type`; undefined if a size is a symbol or a step is not positive. */
function rangesOf(
  type: TensorType | undefined,
  [starts, ends, axes, steps]: readonly (Tensor | undefined)[],
): readonly Range[] | undefined {
  const bigints = (tensor: Tensor | undefined): bigint[] | undefined =>
    tensor && Array.from(tensor.data as ArrayLike<number | bigint>, BigInt);
  const [from, to] = [bigints(starts)!, bigints(ends)!];
  const over = bigints(axes) ?? from.map((_, i) => BigInt(i));
  const by = bigints(steps) ?? from.map(() => 1n);
  if (!type?.shape) return undefined;
  const ranges: Range[] = [];
  for (const [i, start] of from.entries()) {
    const axis = Number(over[i]) + (over[i]! < 0n ? type.shape.length : 0);
    const dim = type.shape[axis];
    if (typeof dim !== "number" || by[i]! <= 0n) return undefined;
    const size = BigInt(dim);
    const bound = (value: bigint): number => Number(clamp(value < 0n ? value + size : value, 0n, size));
    ranges.push({ axis, start: bound(start), end: Math.max(bound(start), bound(to[i]!)), step: Number(by[i]) });
  }
  return ranges.sort((a, b) => a.axis - b.axis);
}

function argumentsOf(ranges: readonly Range[]): readonly Tensor[] {
  return (["start", "end", "axis", "step"] as const).map((key) => int64(ranges.map((range) => range[key])));
}

const argumentNames = ["starts", "ends", "axes", "steps"];

function buildSlice(
  context: RewriteContext,
  root: Parameters<RewriteContext["node"]>[0],
  value: string,
  ranges: readonly Range[],
) {
  const constants = argumentsOf(ranges).map((tensor, i) =>
    context.constant(tensor, `${root.name}.${argumentNames[i]}`),
  );
  return context.node(root, "Slice", [value, ...constants]);
}

const first = node("Slice", [x, ...inner]);

const mergeRule: Rule = {
  name: "merge-slices",
  match: node("Slice", [first, starts, ends, axes, steps]),
  rewrite(match, context) {
    const outer = [match.tensor(starts), match.tensor(ends), match.tensor(axes), match.tensor(steps)];
    const [a, b, c, d] = inner;
    const before = rangesOf(context.type(match.value(x)), [
      match.tensor(a),
      match.tensor(b),
      match.tensor(c),
      match.tensor(d),
    ]);
    const after = rangesOf(context.type(match.root.inputs[0]!), outer);
    if (!before || !after) return skip(`Slice "${match.root.name}" has an axis of unknown size, or goes backwards`);
    if (after.some(({ axis }) => before.some((range) => range.axis === axis)))
      return skip(`Slice "${match.root.name}" slices an axis again`);
    return buildSlice(
      context,
      match.root,
      match.value(x),
      [...before, ...after].sort((p, q) => p.axis - q.axis),
    );
  },
};

const normalizeRule: Rule = {
  name: "normalize-slice",
  match: node("Slice", [x, starts, ends, axes, steps]),
  rewrite(match, context) {
    const given = [match.tensor(starts), match.tensor(ends), match.tensor(axes), match.tensor(steps)];
    const ranges = rangesOf(context.type(match.value(x)), given);
    if (!ranges) return skip(`Slice "${match.root.name}" has an axis of unknown size, or goes backwards`);
    const wanted = argumentsOf(ranges);
    if (wanted.every((tensor, i) => given[i]?.data.join() === tensor.data.join()))
      return skip(`Slice "${match.root.name}" has the form`);
    return buildSlice(context, match.root, match.value(x), ranges);
  },
};

export const mergeSlices = rulePass("merge-slices", [mergeRule, normalizeRule]);
