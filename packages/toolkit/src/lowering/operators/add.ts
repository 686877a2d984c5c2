/** @file Add: is fused into the convolution before it, or becomes a sum of two stored tensors. */

import type { Node } from "@subbyte/graph";
import { integerForm } from "../integer-form.js";
import type { Lowering } from "../lowering.js";
import { type PendingProduct, unclamped } from "../pending.js";

export const add = integerForm({ role: "add", makes: ["add"], lower });

function lower(lowering: Lowering, node: Node): void {
  const [a, b] = node.inputs as [string, string];
  const left = lowering.pending(a, node);
  const right = lowering.pending(b, node);
  const output = node.outputs[0]!;
  const fused = [left, right].find((pending): pending is PendingProduct => pending.kind === "product");
  if (fused && fused.residual === undefined) {
    const residual = lowering.codes(fused === left ? b : a, node);
    lowering.set(output, { ...fused, residual, clamp: unclamped });
  } else {
    const inputs = [lowering.codes(a, node), lowering.codes(b, node)] as const;
    lowering.setOperator(node, (y, range) => ({ op: "add", name: node.name, inputs, output: y, ...range }));
  }
}
