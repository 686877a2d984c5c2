/**
 * @file Brings means and maxima over the image to one operator:
 *
 *   ReduceMean of ReduceMean, one axis each      →  one ReduceMean (the same for sums, maxima, minima, products)
 *   ReduceMean over height and width, AveragePool over all of it  →  GlobalAveragePool (and Flatten without keepdims)
 *   ReduceMax over height and width, GlobalMaxPool                →  MaxPool over all of it (and Flatten)
 */

import { int64, toNumbers } from "../ir/tensor.js";
import type { Node, TensorType } from "../ir/types.js";
import { anyValue, constant, node } from "../patterns/pattern.js";
import { type RewriteContext, type Rule, skip } from "../patterns/rule.js";
import { rulePass } from "./pass.js";

const x = anyValue();
const [axes, innerAxes] = [constant(), constant()];

const normalized = (values: readonly number[], rank: number): readonly number[] =>
  values.map((axis) => (axis < 0 ? axis + rank : axis));

const keeps = ({ attributes }: Node): boolean => (attributes.keepdims ?? 1) === 1;

const mergeOf = (op: string): Rule => {
  const inner = node(op, [x, innerAxes]);
  return {
    name: `merge-${op}`,
    match: node(op, [inner, axes]),
    rewrite(found, context) {
      const rank = context.type(found.value(x))?.shape?.length;
      const keep = keeps(found.root);
      if (rank === undefined || keeps(found.node(inner)) !== keep)
        return skip(`${op} "${found.root.name}" keeps axes that the one before drops, or the rank is not known`);
      const first = normalized(toNumbers(found.tensor(innerAxes)), rank);
      const second = toNumbers(found.tensor(axes));
      if (first.length === 0 || second.length === 0) return skip(`${op} "${found.root.name}" is over all axes`);
      const left = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => keep || !first.includes(axis));
      const all = [...new Set([...first, ...normalized(second, left.length).map((axis) => left[axis]!)])];
      const merged = context.constant(int64(all.toSorted((a, b) => a - b)), `${found.root.name}.axes`);
      return context.node(found.root, op, [found.value(x), merged], { keepdims: keep ? 1 : 0 });
    },
  };
};

type ImageType = TensorType & { readonly shape: readonly (number | string)[] };

const isImage = (type: TensorType | undefined): type is ImageType => type?.shape?.length === 4;

/** Height and width of an image; undefined if a size is a symbol. */
function sizeOf(value: string, { type }: RewriteContext): readonly [number, number] | undefined {
  const [, , height, width] = type(value)?.shape ?? [];
  return typeof height === "number" && typeof width === "number" ? [height, width] : undefined;
}

const overImage = (
  op: string,
  pool: (origin: Node, context: RewriteContext, value: string) => string | undefined,
): Rule => ({
  name: `${op}-over-image`,
  match: node(op, [x, axes]),
  rewrite(found, context) {
    const over = normalized(toNumbers(found.tensor(axes)), 4).toSorted((a, b) => a - b);
    if (!isImage(context.type(found.value(x))) || over.join() !== "2,3")
      return skip(`${op} "${found.root.name}" is not over height and width of an image`);
    const pooled = pool(found.root, context, found.value(x));
    if (pooled === undefined) return skip(`the image that ${op} "${found.root.name}" reads has no fixed size`);
    return keeps(found.root) ? pooled : context.node(found.root, "Flatten", [pooled], { axis: 1 });
  },
});

const averageOver = (origin: Node, context: RewriteContext, value: string): string =>
  context.node(origin, "GlobalAveragePool", [value]);

function maximumOver(origin: Node, context: RewriteContext, value: string): string | undefined {
  const kernel = sizeOf(value, context);
  return kernel && context.node(origin, "MaxPool", [value], { kernel_shape: kernel });
}

const globalMaxPool: Rule = {
  name: "global-max-pool-to-max-pool",
  match: node("GlobalMaxPool", [x]),
  rewrite: (found, context) =>
    (isImage(context.type(found.value(x))) && maximumOver(found.root, context, found.value(x))) ||
    skip(`GlobalMaxPool "${found.root.name}" reads no image of fixed size`),
};

const averagePool: Rule = {
  name: "average-pool-to-global-average-pool",
  match: node("AveragePool", [x]),
  rewrite(match, context) {
    const type = context.type(match.value(x));
    const { kernel_shape: kernel, pads = [], dilations = [] } = match.root.attributes as Record<string, number[]>;
    const covers = isImage(type) && kernel?.join() === type.shape.slice(2).join();
    const isPlain = pads.every((width) => width === 0) && dilations.every((step) => step === 1);
    const { auto_pad: autoPad = "NOTSET" } = match.root.attributes;
    if (!covers || !isPlain || (autoPad !== "NOTSET" && autoPad !== "VALID"))
      return skip(`AveragePool "${match.root.name}" does not cover the image`);
    return context.node(match.root, "GlobalAveragePool", [match.value(x)]);
  },
};

export const reductions = rulePass("reductions", [
  ...["ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd"].map(mergeOf),
  overImage("ReduceMean", averageOver),
  overImage("ReduceMax", maximumOver),
  globalMaxPool,
  averagePool,
]);
