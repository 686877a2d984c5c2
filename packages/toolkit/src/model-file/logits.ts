/** @file Networks that end in a Softmax give logits instead: losses, divergences and `classify` apply it themselves. */

import { type Graph, inferTypes, removeDeadNodes } from "@subbyte/graph";

const softmaxes: readonly string[] = ["Softmax", "LogSoftmax"];

/** The graph without a Softmax or LogSoftmax over classes at its end; the same graph where there is none. */
export function withLogits(graph: Graph): Graph {
  const [output, ...others] = graph.outputs;
  const last = graph.nodes.find(({ outputs }) => outputs[0] === output);
  if (!last || !softmaxes.includes(last.op)) return graph;
  const { axis = -1 } = last.attributes;
  const isOverClasses = inferTypes(graph).get(output!)?.shape?.length === 2 && (axis === 1 || axis === -1);
  if (!isOverClasses) return graph;
  return removeDeadNodes.run({ ...graph, outputs: [last.inputs[0]!, ...others] });
}
