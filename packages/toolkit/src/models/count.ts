/** @file Finds and counts the parameters of a network, and counts its operations per image. */

import { type Dim, elementCount, type Graph, inferTypes, ModelError } from "@subbyte/graph";

/** The inputs of each operator that gradient descent learns; all others are data, bounds or statistics. */
const PARAMETER_INPUTS: Readonly<Record<string, readonly number[]>> = {
  BatchNormalization: [1, 2],
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: [1, 2],
  MatMul: [0, 1],
};

/** Running mean and variance. */
const STATISTICS_INPUTS: Readonly<Record<string, readonly number[]>> = { BatchNormalization: [3, 4] };

/** Float32 constants that some node reads at one of the listed inputs, each once, in the order of first use. */
function constantsAt(graph: Graph, table: Readonly<Record<string, readonly number[]>>): string[] {
  const names = graph.nodes.flatMap(({ op, domain, inputs }) =>
    domain === "" ? (table[op] ?? []).map((index) => inputs[index]) : [],
  );
  return [...new Set(names)].filter(
    (name): name is string => name !== undefined && graph.tensors.get(name)?.dtype === "float32",
  );
}

/** Names of the weights, biases and batch-norm scales and shifts. */
export const parameterNames = (graph: Graph): string[] => constantsAt(graph, PARAMETER_INPUTS);

/** Names of the batch-norm running means and variances. */
export const statisticsNames = (graph: Graph): string[] => constantsAt(graph, STATISTICS_INPUTS);

/** Number of learned values without running statistics, as in PyTorch's `sum(p.numel() for p in model.parameters())`. */
export function countParameters(graph: Graph): number {
  return parameterNames(graph).reduce((sum, name) => sum + elementCount(graph.tensors.get(name)!.shape), 0);
}

/**
 * Multiply-adds of convolutions and matrix products for one image (the symbolic batch counts as 1). As in papers, biases,
 * normalization and activations do not count.
 *
 * @throws {UsageError} if a shape is not known.
 */
export const countMultiplyAdds = (graph: Graph): number =>
  multiplyAddsOfNodes(graph).reduce((sum, count) => sum + count, 0);

/** Multiply-adds of each node, in the graph's order; 0 for a node that is neither a convolution nor a matrix product. */
export function multiplyAddsOfNodes(graph: Graph): readonly number[] {
  const types = inferTypes(graph);
  const shapeOf = (value: string): readonly number[] => {
    const shape: readonly Dim[] | undefined = types.get(value)?.shape;
    if (!shape)
      throw new ModelError(
        "unknown-tensor",
        { graph: graph.name, tensors: [value] },
        `the shape of "${value}" in ${graph.name} is not known, so its work cannot be counted`,
      );
    return shape.map((dim) => (typeof dim === "number" ? dim : 1));
  };
  return graph.nodes.map(({ op, inputs, outputs, attributes }) => {
    if (op === "Conv") {
      const [, ...kernel] = shapeOf(inputs[1]!); // [out, in / groups, height, width]
      return elementCount(shapeOf(outputs[0]!)) * elementCount(kernel);
    }
    if (op === "Gemm" || op === "MatMul") {
      const x = shapeOf(inputs[0]!);
      return elementCount(shapeOf(outputs[0]!)) * (attributes.transA ? x[0]! : x.at(-1)!);
    }
    return 0;
  });
}
