/** @file Relu and Clip, which become bounds of the operator before them. */

import type { Node } from "@subbyte/graph";
import { integerForm } from "../integer-form.js";
import type { Lowering } from "../lowering.js";

export const relu = integerForm({
  role: "clamp",
  makes: [],
  lower: (lowering, node) => clamp(lowering, node, 0, Number.POSITIVE_INFINITY),
});

export const clip = integerForm({
  role: "clamp",
  makes: [],
  lower(lowering, node) {
    const bound = (index: number, otherwise: number): number => {
      const value = node.inputs[index];
      return value ? lowering.constant(value)[0]! : otherwise;
    };
    clamp(lowering, node, bound(1, Number.NEGATIVE_INFINITY), bound(2, Number.POSITIVE_INFINITY));
  },
});

function clamp(lowering: Lowering, node: Node, low: number, high: number): void {
  const pending = lowering.pending(node.inputs[0]!, node);
  const before = pending.clamp;
  const within = (x: number) => Math.min(high, Math.max(low, x));
  lowering.set(node.outputs[0]!, { ...pending, clamp: { low: within(before.low), high: within(before.high) } });
}
