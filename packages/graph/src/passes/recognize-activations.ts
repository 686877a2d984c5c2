/**
 * @file Merges activation functions that exporters write as several operators:
 *
 *   Clip(Relu(x), low, high) with low ≥ 0, or without low      →  Clip(x, low or 0, high)
 *   Clip(x + 3, 0, 6) / 6                                      →  HardSigmoid with α = 1/6, β = 1/2
 *   Mul(x, such a HardSigmoid), Mul(x, Clip(x + 3, 0, 6)) / 6  →  HardSwish
 */

import type { Node, Tensor } from "../ir/types.js";
import { tensorOf } from "../operators/support/values.js";
import { anyValue, constant, type Match, type NodePattern, node, optional } from "../patterns/pattern.js";
import { type RewriteContext, type Rule, skip } from "../patterns/rule.js";
import { rulePass } from "./pass.js";

const x = anyValue();
const low = optional(constant());
const high = optional(constant());

const clippedRelu: Rule = {
  name: "clip-of-relu",
  match: node("Clip", [node("Relu", [x]), low, high]),
  rewrite(match, context) {
    const least = match.tensor(low);
    const dtype = context.type(match.value(x))?.dtype;
    if (!dtype || (least && !(Number(least.data[0]) >= 0))) return skip(`Clip "${match.root.name}" goes below 0`);
    const zero = () => context.constant(tensorOf(dtype, [], [0]), `${match.root.name}.low`);
    const bounds = [match.value(low) ?? zero(), match.value(high)].filter((bound) => bound !== undefined);
    return context.node(match.root, "Clip", [match.value(x), ...bounds]);
  },
};

const [three, zero, six] = [constant(), constant(), constant()];
/** 6·hardSigmoid(x), in the form of exporters that do not know the operator. */
const sixfoldGate = node("Clip", [node("Add", [x, three], { commutative: true }), zero, six]);
const sixfoldHardSwish = node("Mul", [x, sixfoldGate], { commutative: true });
const sixth = constant();

const isScalar = (tensor: Tensor, value: number): boolean =>
  tensor.data.length === 1 && Math.fround(Number(tensor.data[0])) === Math.fround(value);

/** The last step: a division by 6 or a multiplication by 1/6. */
const sixthOf = (
  name: string,
  sixfold: NodePattern,
  build: (match: Match, context: RewriteContext) => string,
): readonly Rule[] =>
  (["Div", "Mul"] as const).map((op) => ({
    name: `${name}-${op.toLowerCase()}`,
    match: node(op, [sixfold, sixth], { commutative: op === "Mul" }),
    rewrite(match, context) {
      const isGate =
        isScalar(match.tensor(three), 3) &&
        isScalar(match.tensor(zero), 0) &&
        isScalar(match.tensor(six), 6) &&
        isScalar(match.tensor(sixth), op === "Div" ? 6 : 1 / 6);
      return isGate ? build(match, context) : skip(`${op} "${match.root.name}" is no sixth of clip(x + 3, 0, 6)`);
    },
  }));

const hardSigmoidParts = sixthOf("hard-sigmoid", sixfoldGate, (match, context) =>
  context.node(match.root, "HardSigmoid", [match.value(x)], { alpha: 1 / 6, beta: 0.5 }),
);
const hardSwishParts = sixthOf("hard-swish-of-parts", sixfoldHardSwish, (match, context) =>
  context.node(match.root, "HardSwish", [match.value(x)]),
);

const gate = node("HardSigmoid", [x]);

const hardSwish: Rule = {
  name: "hard-swish",
  match: node("Mul", [x, gate], { commutative: true }),
  rewrite(match, context) {
    return isHardSwishGate(match.node(gate))
      ? context.node(match.root, "HardSwish", [match.value(x)])
      : skip(`HardSigmoid "${match.node(gate).name}" is not clip(x/6 + 1/2)`);
  },
};

/** Whether a HardSigmoid has the constants of HardSwish, in float32 as in files. */
const isHardSwishGate = ({ attributes }: Node): boolean =>
  Math.fround((attributes.alpha as number | undefined) ?? 0.2) === Math.fround(1 / 6) &&
  ((attributes.beta as number | undefined) ?? 0.5) === 0.5;

export const recognizeActivations = rulePass("recognize-activations", [
  clippedRelu,
  ...hardSigmoidParts,
  ...hardSwishParts,
  hardSwish,
]);
