/** @file Conv and Gemm: integer products. */

import { ModelError, type Node } from "@subbyte/graph";
import { integerForm } from "../integer-form.js";
import type { Lowering } from "../lowering.js";
import { unclamped } from "../pending.js";
import { noIntegerForm } from "../refusal.js";

export const conv = integerForm({ role: "layer", makes: ["conv"], lower });
export const gemm = integerForm({ role: "layer", makes: ["linear"], lower });

function lower(lowering: Lowering, node: Node): void {
  const [data, weight] = node.inputs as [string, string];
  const weights = lowering.weightQuantizers.get(weight);
  if (!weights)
    throw new ModelError(
      "missing-fake-quant",
      { operator: node.op, node: node.name },
      `${node.op} "${node.name}": its weights have no FakeQuant; insert FakeQuant nodes before lowering`,
    );
  if (
    node.op === "Gemm" &&
    !(node.attributes.transB === 1 && (node.attributes.alpha ?? 1) === 1 && (node.attributes.beta ?? 1) === 1)
  )
    throw noIntegerForm(node, `the engine takes y = x·Wᵀ + b (transB = 1, alpha = beta = 1)`);
  lowering.set(node.outputs[0]!, {
    kind: "product",
    node,
    input: lowering.codes(data, node),
    weights,
    clamp: unclamped,
  });
}
