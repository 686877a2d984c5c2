/** @file Policy files: bit widths of all layers by name, to be edited and read by `policy`. */

import { type Graph, inferTypes } from "@subbyte/graph";
import type { LayerOverride } from "./policy.js";
import { quantizedLayers } from "./sensitivity/index.js";
import { analyse, isLayer } from "./topology.js";

/** A layer with its bit widths in a policy file. */
export type LayerBits = Required<LayerOverride>;

/** The bit widths that the layers of a network with FakeQuant nodes have. */
export const layerBits = (quantized: Graph): readonly LayerBits[] =>
  quantizedLayers(quantized).map(({ node, weights, input }) => ({
    pattern: node.name,
    weights: weights.bits,
    activations: input.bits,
  }));

/** A policy as JSON, with one entry per line. */
export const policyJson = (layers: readonly LayerOverride[]): string =>
  `[\n${layers.map((entry) => `  ${JSON.stringify(entry)}`).join(",\n")}\n]\n`;

/**
 * The text of a policy file: YAML with a remark on each layer, or JSON without remarks if the file's name ends in `.json`.
 * @param graph the network with the layers
 * @param model name of the model file, for the text
 */
export function policyTemplate(path: string, model: string, graph: Graph, layers: readonly LayerBits[]): string {
  if (path.endsWith(".json")) return policyJson(layers);
  const remarks = remarksOf(graph);
  return [
    `# Bit widths of the layers of ${JSON.stringify(model)}, 2 to 8, for the option "policy".`,
    "# weights: of the layer's weights; activations: of its input.",
    "# A * in a pattern stands for any characters; later entries win; layers without an entry",
    "# have the bit widths of the other options.",
    ...layers.map(({ pattern, weights, activations }) => {
      const entry = `- { pattern: ${JSON.stringify(pattern)}, weights: ${weights}, activations: ${activations} }`;
      const remark = remarks.get(pattern);
      return remark === undefined ? entry : `${entry} # ${remark}`;
    }),
    "",
  ].join("\n");
}

/** Operator, output, number of weights, and place of each layer, by name. */
function remarksOf(graph: Graph): ReadonlyMap<string, string> {
  const types = inferTypes(graph);
  const topology = analyse(graph);
  return new Map(
    graph.nodes.filter(isLayer).map((node) => {
      const weights = graph.tensors.get(node.inputs[1]!)!;
      const shape = types.get(node.outputs[0]!)?.shape?.slice(1).join("×");
      const remarks = [
        `${node.op} to ${shape}`,
        `${weights.data.length.toLocaleString("en")} weights`,
        ...(topology.readsInput(node) ? ["first"] : []),
        ...(topology.reachesOutput(node) ? ["last"] : []),
        ...(topology.isDepthwise(node) ? ["depthwise"] : []),
      ];
      return [node.name, remarks.join(", ")];
    }),
  );
}
