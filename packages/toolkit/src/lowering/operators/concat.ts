/** @file Concat along channels. */

import { ModelError, type Node } from "@subbyte/graph";
import type { Lowering } from "../lowering.js";
import { unclamped } from "../pending.js";

export function concat(lowering: Lowering, node: Node): void {
  if (node.attributes.axis !== 1)
    throw new ModelError(
      `Concat "${node.name}": the engine joins channels (axis 1), found axis ${node.attributes.axis}`,
    );
  const inputs = node.inputs.map((value) => lowering.codes(value, node));
  lowering.set(node.outputs[0]!, { kind: "concat", node, inputs, clamp: unclamped });
}
