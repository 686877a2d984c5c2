/** @file MaxPool: compares codes, so the output keeps scale, zero point and width. */

import type { Node } from "@subbyte/graph";
import { poolAttributes } from "../attributes.js";
import type { Lowering } from "../lowering.js";
import { moveCodes } from "./move.js";

export const maxPool = (lowering: Lowering, node: Node): void =>
  moveCodes(lowering, node, (name, input, output) => ({
    op: "maxPool",
    name,
    input,
    output,
    ...poolAttributes(node, lowering.tensors[input]!.shape),
    dilations: (node.attributes.dilations as readonly [number, number] | undefined) ?? [1, 1],
  }));
