/** @file The values of an elementwise function, in float64. */

import { inferTypes } from "../inference/infer-types.js";
import type { Graph, Tensor } from "../ir/types.js";
import { evaluate } from "../reference/interpreter.js";
import type { ElementwiseFunction } from "./functions.js";

/**
 * f(x) for each x: one list for all channels, or one list per channel.
 * @param graph the graph in which the function was found
 */
export function tabulate(
  graph: Graph,
  { source, nodes, perChannel }: ElementwiseFunction,
  xs: readonly number[],
): readonly Float64Array[] {
  const { shape: own } = inferTypes(graph).get(source)!;
  const channels = perChannel ? (own![1] as number) : 1;
  const shape = [xs.length, channels, ...own!.slice(2).map(() => 1)];
  const data = Float64Array.from({ length: xs.length * channels }, (_, i) => xs[Math.floor(i / channels)]!);
  const input: Tensor = { dtype: "float64", shape, data };
  const [output] = nodes.at(-1)!.outputs as [string];
  const constants = nodes.flatMap(({ inputs }) =>
    inputs.flatMap((name): [string, Tensor][] => {
      const tensor = graph.tensors.get(name);
      return tensor ? [[name, tensor]] : [];
    }),
  );
  const part: Graph = {
    name: graph.name,
    inputs: [{ name: source, dtype: "float32", shape }],
    outputs: [output],
    nodes,
    tensors: new Map(constants),
  };
  const values = evaluate(part, new Map([[source, input]])).get(output)!.data;
  return Array.from({ length: channels }, (_, c) => Float64Array.from(xs, (__, i) => Number(values[i * channels + c])));
}
