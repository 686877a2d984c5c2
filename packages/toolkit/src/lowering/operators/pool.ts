/** @file AveragePool and GlobalAveragePool. */

import type { Node } from "@subbyte/graph";
import type { Lowering } from "../lowering.js";
import { unclamped } from "../pending.js";

export const average = (lowering: Lowering, node: Node): void =>
  lowering.set(node.outputs[0]!, {
    kind: "average",
    node,
    input: lowering.codes(node.inputs[0]!, node),
    clamp: unclamped,
  });
