/** @file Mul of two activations, as in squeeze-and-excitation. */

import { integerForm } from "../integer-form.js";
import { noIntegerForm } from "../refusal.js";

export const multiply = integerForm({
  role: "multiply",
  makes: ["multiply"],
  lower(lowering, node) {
    const shape = lowering.shape(node.outputs[0]!);
    const isWhole = (id: number) => `${lowering.tensors[id]!.shape}` === `${shape}`;
    const [a, b] = node.inputs.map((value) => lowering.codes(value, node)) as [number, number];
    const [first, second] = isWhole(a) ? [a, b] : [b, a];
    const other = lowering.tensors[second]!.shape;
    if (!isWhole(first) || !(isWhole(second) || `${other}` === `${shape[0]},1,1`))
      throw noIntegerForm(
        node,
        `the engine multiplies tensors of one shape, or by one value for each channel; ` +
          `found [${lowering.tensors[a]!.shape}] and [${lowering.tensors[b]!.shape}]`,
      );
    const inputs = [first, second] as const;
    lowering.setOperator(node, (output, range) => ({ op: "multiply", name: node.name, inputs, output, ...range }));
  },
});
