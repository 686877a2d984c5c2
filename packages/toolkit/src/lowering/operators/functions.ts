/** @file Elementwise functions of one activation: a stored table of codes, or one per channel. */

import { integerForm } from "../integer-form.js";
import { unclamped } from "../pending.js";

/** The last node of a function. */
export const table = integerForm({
  role: "table",
  makes: ["table"],
  lower: (lowering, node) => {
    const { source, tabulate } = lowering.functionOf(node);
    lowering.set(node.outputs[0]!, {
      kind: "function",
      node,
      input: lowering.codes(source, node),
      tabulate,
      clamp: unclamped,
    });
  },
});

/** The other nodes of a function: the last one computes them too. */
export const inner = integerForm({ role: "inner", makes: [], lower: () => {} });
