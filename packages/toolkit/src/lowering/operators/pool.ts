/** @file AveragePool and GlobalAveragePool. */

import type { Node } from "@subbyte/graph";
import { numbers } from "../attributes.js";
import type { Lowering } from "../lowering.js";
import { unclamped } from "../pending.js";
import { noIntegerForm } from "../refusal.js";

export function average(lowering: Lowering, node: Node): void {
  const dilations = numbers(node, "dilations", [1, 1]);
  if (dilations.some((dilation) => dilation !== 1))
    throw noIntegerForm(
      node,
      `the engine averages windows without gaps, found dilations [${dilations}]; ` +
        `a depthwise convolution with equal weights does the same.`,
    );
  const input = lowering.codes(node.inputs[0]!, node);
  lowering.set(node.outputs[0]!, { kind: "average", node, input, clamp: unclamped });
}
