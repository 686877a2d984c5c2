/** @file Concat along channels: every input is brought to the output's scale, zero point and bit width, then joined. */

import { integerForm } from "../integer-form.js";
import { unclamped } from "../pending.js";
import { noIntegerForm } from "../refusal.js";

export const concat = integerForm({
  role: "concat",
  makes: ["concat", "rescale"],
  lower(lowering, node) {
    if (node.attributes.axis !== 1)
      throw noIntegerForm(node, `the engine joins channels (axis 1), found axis ${node.attributes.axis}`);
    const parts = node.inputs.map((value) => lowering.codes(value, node));
    lowering.setOperator(node, (output) => {
      const to = lowering.tensors[output]!;
      const inputs = parts.map((input, index) => {
        const from = lowering.tensors[input]!;
        if (from.scale === to.scale && from.zeroPoint === to.zeroPoint && from.bits === to.bits) return input;
        const name = `${node.name}/input${index}`;
        const rescaled = lowering.addTensorLike(name, from.shape, to);
        const range = lowering.range(rescaled, unclamped);
        lowering.operators.push({ op: "rescale", name, input, output: rescaled, ...range });
        return rescaled;
      });
      return { op: "concat", name: node.name, inputs, output };
    });
  },
});
