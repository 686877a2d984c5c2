/**
 * @file The end of a classifier. Losses, divergences, `evaluate` and `classify` take logits and compute probabilities
 * themselves. Therefore a function of the logits at the end of a file is removed, one output is chosen if there are several,
 * and the single logit of a binary classifier becomes two.
 */

import type { Probabilities } from "@subbyte/engine";
import { type Graph, GraphBuilder, inferTypes, ModelError, type Node, removeDeadNodes } from "@subbyte/graph";
import { isFakeQuant } from "../quantization/fake-quant.js";

export interface Head {
  /** The network with one output, logits `[N, classes]` with at least 2 classes. */
  readonly graph: Graph;
  readonly probabilities: Probabilities;
  /** Sentences for the user about what was chosen. */
  readonly notes: readonly string[];
}

/**
 * Functions at the end of a network that keep the order of logits. If they were quantized to 8 bits, classes would become equal
 * where the functions saturate. A softmax counts only if it runs over the classes.
 */
const endFunctions: Readonly<Record<string, Probabilities>> = {
  Softmax: "softmax",
  LogSoftmax: "softmax",
  Sigmoid: "sigmoid",
  HardSigmoid: "sigmoid",
  Tanh: "softmax",
};

/**
 * @param output name of the output to classify by; by default the first with the shape of logits
 * @throws {ModelError} if there is no such output, or if a single logit does not come from a linear layer
 */
export function classifierHead(graph: Graph, output?: string): Head {
  const { graph: single, notes } = withOneOutput(graph, output);
  const stripped = withoutEndFunction(single);
  const binary = withTwoLogits(stripped.graph);
  return {
    graph: binary,
    probabilities: binary === stripped.graph ? stripped.probabilities : "softmax",
    notes:
      binary === stripped.graph
        ? notes
        : [...notes, "the network has one output: its classes are 0, negative, and 1, positive (a logit above 0)"],
  };
}

/** The graph with only the chosen output, without nodes that only the others need. */
function withOneOutput(graph: Graph, wanted: string | undefined): { graph: Graph; notes: readonly string[] } {
  const { outputs } = graph;
  if (wanted !== undefined && !outputs.includes(wanted))
    throw new ModelError(
      "not-a-classifier",
      { graph: graph.name, found: [...outputs], expected: wanted },
      `"${graph.name}" has no output "${wanted}"; it has ${outputs.join(", ")}.`,
    );
  if (outputs.length <= 1) return { graph, notes: [] };
  const types = inferTypes(graph);
  const hasLogits = (output: string) => types.get(output)?.shape?.length === 2;
  const chosen = wanted ?? outputs.find(hasLogits) ?? outputs[0]!;
  const others = outputs.filter((output) => output !== chosen);
  return {
    graph: removeDeadNodes.run({ ...graph, outputs: [chosen] }),
    notes:
      wanted === undefined
        ? [
            `the network has ${outputs.length} outputs: "${chosen}" is used, ${others.map((name) => `"${name}"`).join(", ")} left out`,
          ]
        : [],
  };
}

const lastNode = ({ nodes, outputs }: Graph): Node | undefined => nodes.find((node) => node.outputs[0] === outputs[0]);

function withoutEndFunction(graph: Graph): { graph: Graph; probabilities: Probabilities } {
  const end = lastNode(graph);
  // Quantized files round the result of the function too.
  const last = end && isFakeQuant(end) ? lastNode({ ...graph, outputs: [end.inputs[0]!] }) : end;
  const probabilities = last && endFunctions[last.op];
  if (!last || !probabilities || !isOverClasses(graph, last)) return { graph, probabilities: "softmax" };
  return { graph: removeDeadNodes.run({ ...graph, outputs: [last.inputs[0]!] }), probabilities };
}

function isOverClasses(graph: Graph, { op, attributes }: Node): boolean {
  if (inferTypes(graph).get(graph.outputs[0]!)?.shape?.length !== 2) return false;
  const { axis = -1 } = attributes;
  return !op.endsWith("Softmax") || axis === 1 || axis === -1;
}

/**
 * Replaces one logit z by the two logits 0 and z, whose softmax is 1 − σ(z) and σ(z): the last layer gets a row of zeros before
 * its own. Returns the same graph if there are more classes.
 */
function withTwoLogits(graph: Graph): Graph {
  if (inferTypes(graph).get(graph.outputs[0]!)?.shape?.[1] !== 1) return graph;
  const last = lastNode(graph);
  const [, weight, bias] = last?.inputs ?? [];
  const weights = weight === undefined ? undefined : graph.tensors.get(weight);
  const biases = bias === undefined ? undefined : graph.tensors.get(bias);
  const isLinear = last?.op === "Gemm" && last.attributes.transB === 1 && weights?.shape[0] === 1;
  if (!last || !isLinear || !weights || (bias && biases?.data.length !== 1))
    throw new ModelError(
      "not-a-classifier",
      { graph: graph.name, found: [1], expected: "[N, classes]" },
      `"${graph.name}" gives one value per image, which does not come from a linear layer. Export the network so that it ends in its linear layer.`,
    );
  const b = new GraphBuilder(graph.name, graph);
  const zeroFirst = (values: ArrayLike<number>) => {
    const data = new Float32Array(2 * values.length);
    data.set(Array.from(values), values.length);
    return data;
  };
  const twoRows = b.constant(
    { dtype: "float32", shape: [2, weights.shape[1]!], data: zeroFirst(weights.data as Float32Array) },
    `${weight}.binary`,
  );
  const inputs = [last.inputs[0]!, twoRows];
  if (bias && biases)
    inputs.push(
      b.constant({ dtype: "float32", shape: [2], data: zeroFirst(biases.data as Float32Array) }, `${bias}.binary`),
    );
  b.setOutputs([b.op("Gemm", inputs, last.attributes, { name: `${last.name}.binary` })]);
  return removeDeadNodes.run(b.build());
}
