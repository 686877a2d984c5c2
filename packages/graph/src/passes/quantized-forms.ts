/**
 * @file Brings graphs with FakeQuant nodes that come from files to the form that lowering expects:
 *
 *   MatMul(x, FakeQuant(w)), with + b or without, Gemm of an untransposed w  →  Gemm(x, FakeQuant(wᵀ), b) {transB = 1}
 *   FakeQuant(MaxPool(x)), and of other operators that move values           →  MaxPool(FakeQuant(x))
 *   FakeQuant(FakeQuant(x)), both with one grid                              →  FakeQuant(x)
 *
 * Quantization is monotonic and keeps 0, so it may come before operators that choose, move or pad values.
 */

import type { Node, Tensor } from "../ir/types.js";
import { anyValue, constant, node, optional } from "../patterns/pattern.js";
import { type RewriteContext, type Rule, skip } from "../patterns/rule.js";
import { transposed } from "./canonicalize.js";
import { rulePass } from "./pass.js";

const x = anyValue();
const [weight, bias] = [constant(), constant()];
const [scale, zeroPoint] = [constant(), constant()];
const domain = "subbyte";

const weights = node("FakeQuant", [weight, scale, zeroPoint], { domain });

/** A FakeQuant of the transposed weights, with the axis of its scales. */
function transposedWeights(
  origin: Node,
  w: Tensor,
  names: { readonly [key in "weight" | "scale" | "zeroPoint"]: string },
  context: RewriteContext,
): string {
  const inputs = [context.replaceConstant(names.weight, transposed(w)), names.scale, names.zeroPoint];
  return context.node(origin, "FakeQuant", inputs, { ...origin.attributes, axis: 0 }, domain);
}

const matMul = node("MatMul", [x, weights]);
const optionalBias = optional(constant());

const linear = (name: string, match: ReturnType<typeof node>, biasHole?: typeof bias | typeof optionalBias): Rule => ({
  name,
  match,
  rewrite(found, context) {
    const origin = found.nodes().find(({ op }) => op === "MatMul" || op === "Gemm")!;
    const { alpha = 1, beta = 1, transA = 0, transB = 0 } = origin.attributes;
    const w = found.tensor(weight);
    const b = biasHole && found.tensor(biasHole as typeof optionalBias);
    const isLinear = context.type(found.value(x))?.shape?.length === 2 && w.shape.length === 2;
    if (!isLinear || alpha !== 1 || beta !== 1 || transA || transB)
      return skip(`${origin.op} "${origin.name}" has the form of a linear layer, or cannot have it`);
    if (b && (b.data.length !== w.shape[1] || b.shape.at(-1) !== b.data.length))
      return skip("the addition is no bias of the linear layer");
    const names = { weight: found.value(weight), scale: found.value(scale), zeroPoint: found.value(zeroPoint) };
    const inputs = [found.value(x), transposedWeights(found.node(weights), w, names, context)];
    if (b) inputs.push(context.replaceConstant(found.value(biasHole as typeof bias), { ...b, shape: [b.data.length] }));
    return context.node(origin, "Gemm", inputs, { transB: 1 });
  },
});

const movers = ["MaxPool", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Slice"];
const rest = Array.from({ length: 4 }, () => optional(constant()));
const mover = node(movers, [x, ...rest]);

const aboveMovers: Rule = {
  name: "fake-quant-above-movers",
  match: node("FakeQuant", [mover, scale, zeroPoint], { domain }),
  rewrite(found, context) {
    if (found.root.attributes.axis !== undefined) return skip("its scales are per channel");
    const moving = found.node(mover);
    const inputs = [found.value(x), found.value(scale), found.value(zeroPoint)];
    const quantized = context.node(found.root, "FakeQuant", inputs, found.root.attributes, domain);
    return context.node(moving, moving.op, [quantized, ...moving.inputs.slice(1)], moving.attributes);
  },
};

const [innerScale, innerZeroPoint] = [constant(), constant()];
const inner = node("FakeQuant", [x, innerScale, innerZeroPoint], { domain, shared: true });

const twice: Rule = {
  name: "fake-quant-twice",
  match: node("FakeQuant", [inner, scale, zeroPoint], { domain }),
  rewrite(found) {
    const [a, b] = [found.node(inner).attributes, found.root.attributes];
    const isSame = ["bits", "signed", "narrow", "axis"].every((key) => a[key] === b[key]);
    const same = (one: typeof scale, other: typeof scale) =>
      found.tensor(one).data.join() === found.tensor(other).data.join();
    return isSame && same(scale, innerScale) && same(zeroPoint, innerZeroPoint)
      ? found.root.inputs[0]!
      : skip(`FakeQuant "${found.root.name}" changes the grid`);
  },
};

export const quantizedForms = rulePass("quantized-forms", [
  linear("matmul-add-to-gemm-quantized", node("Add", [matMul, bias], { commutative: true }), bias),
  linear("matmul-to-gemm-quantized", matMul),
  linear("gemm-form-quantized", node("Gemm", [x, weights, optionalBias]), optionalBias),
  twice,
  aboveMovers,
]);
