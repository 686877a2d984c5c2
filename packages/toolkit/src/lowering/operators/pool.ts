/** @file AveragePool and GlobalAveragePool. */

import type { Node } from "@subbyte/graph";
import { numbers, poolAttributes } from "../attributes.js";
import { integerForm } from "../integer-form.js";
import type { Lowering } from "../lowering.js";
import { noIntegerForm } from "../refusal.js";

export const average = integerForm({ role: "pool", makes: ["averagePool"], lower });

function lower(lowering: Lowering, node: Node): void {
  const dilations = numbers(node, "dilations", [1, 1]);
  if (dilations.some((dilation) => dilation !== 1))
    throw noIntegerForm(
      node,
      `the engine averages windows without gaps, found dilations [${dilations}]; ` +
        `a depthwise convolution with equal weights does the same.`,
    );
  const input = lowering.codes(node.inputs[0]!, node);
  lowering.setOperator(node, (output, range) => ({
    op: "averagePool",
    name: node.name,
    input,
    output,
    ...poolAttributes(node, lowering.tensors[input]!.shape),
    countIncludePad: node.attributes.count_include_pad === 1,
    ...range,
  }));
}
