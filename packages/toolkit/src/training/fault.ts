/** @file Finds the first tensor of a step that is no longer finite, by running its forward pass with every value as an output. */

import type { Graph, Tensor } from "@subbyte/graph";
import { createSession, type SessionOptions } from "../runtime/session.js";
import { firstNotFinite } from "./divergence.js";
import type { StepGraph } from "./step-graph.js";

/** @param feeds all inputs of the forward pass, with the state before the step */
export async function describeFault(
  step: StepGraph,
  feeds: Readonly<Record<string, Tensor>>,
  options: SessionOptions,
): Promise<string> {
  const fed = firstNotFinite(Object.entries(feeds));
  if (fed !== undefined) return `"${fed}" was not finite before this step`;
  const forward = forwardPass(step);
  const session = await createSession(
    { ...forward, outputs: outputsOf(forward) },
    { ...options, optimization: "disabled" },
  );
  try {
    const given = session.inputs.map((name) => [name, feeds[name]!] as const);
    const results = await session.run(Object.fromEntries(given));
    const first = firstNotFinite(outputsOf(forward).map((name) => [name, results[name]!]));
    const node = forward.nodes.find(({ outputs }) => outputs.includes(first ?? ""));
    return node
      ? `the first tensor that is not finite is "${first}", the output of ${node.op} "${node.name}"`
      : "every tensor before it is finite";
  } finally {
    await session.release();
  }
}

const outputsOf = ({ nodes }: Graph): string[] => nodes.flatMap(({ outputs }) => outputs.filter((name) => name !== ""));

/** The nodes that the loss depends on, in order. */
function forwardPass({ graph, loss }: StepGraph): Graph {
  const wanted = new Set([loss]);
  const nodes = graph.nodes.toReversed().filter(({ outputs, inputs }) => {
    const reached = outputs.some((output) => wanted.has(output));
    if (reached) for (const input of inputs) wanted.add(input);
    return reached;
  });
  return {
    ...graph,
    nodes: nodes.reverse(),
    inputs: graph.inputs.filter(({ name }) => wanted.has(name)),
    tensors: new Map([...graph.tensors].filter(([name]) => wanted.has(name))),
  };
}
