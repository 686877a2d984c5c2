/** @file MaxPool: compares codes, so the output keeps scale, zero point and bit width. */

import { poolAttributes } from "../attributes.js";
import { integerForm } from "../integer-form.js";
import { moveCodes } from "./move.js";

export const maxPool = integerForm({
  role: "mover",
  makes: ["maxPool"],
  lower: (lowering, node) =>
    moveCodes(lowering, node, (name, input, output) => ({
      op: "maxPool",
      name,
      input,
      output,
      ...poolAttributes(node, lowering.tensors[input]!.shape),
      dilations: (node.attributes.dilations as readonly [number, number] | undefined) ?? [1, 1],
    })),
});
