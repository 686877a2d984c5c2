/** @file Concat along channels. */

import type { Node } from "@subbyte/graph";
import type { Lowering } from "../lowering.js";
import { unclamped } from "../pending.js";
import { noIntegerForm } from "../refusal.js";

export function concat(lowering: Lowering, node: Node): void {
  if (node.attributes.axis !== 1)
    throw noIntegerForm(node, `the engine joins channels (axis 1), found axis ${node.attributes.axis}`);
  const inputs = node.inputs.map((value) => lowering.codes(value, node));
  lowering.set(node.outputs[0]!, { kind: "concat", node, inputs, clamp: unclamped });
}
