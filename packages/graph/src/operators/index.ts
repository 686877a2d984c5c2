/** @file Every operator that the graph knows; a new one is a file beside this and an entry here. */

import { Conv } from "./conv.js";
import { ConvInputGradient, ConvWeightGradient } from "./conv-gradients.js";
import type { OperatorDefinition } from "./definition.js";

export const operators: readonly OperatorDefinition[] = [Conv, ConvInputGradient, ConvWeightGradient];

const byName = new Map(operators.map((definition) => [`${definition.domain ?? ""}:${definition.op}`, definition]));

/** What is known of an operator, or undefined. `"ai.onnx"` is another name of the default domain. */
export function operatorDefinition(op: string, domain = ""): OperatorDefinition | undefined {
  return byName.get(`${domain === "ai.onnx" ? "" : domain}:${op}`);
}
