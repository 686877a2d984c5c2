/**
 * @file Biases on their integer grid. A bias is an int32 code at scale s_x·s_w[c] (docs/arithmetic.md, rule 3). This
 * grid is coarse if few bits make both scales large. The float graph must use the rounded value, or simulation and
 * engine would differ.
 */

import { roundHalfToEven } from "@subbyte/engine";
import { float32, type Graph, ModelError, type Node, type Tensor } from "@subbyte/graph";
import { fakeQuants, withTensors } from "./fake-quant.js";
import { storedScales } from "./ranges.js";
import { isLayer } from "./topology.js";

/**
 * Codes rne(b / (s_x·s_w[c])) in float64.
 * @throws {ModelError} if a code does not fit 32 bits
 */
export function biasCodes(layer: Node, bias: Float32Array, inputScale: number, weightScales: Float32Array): Int32Array {
  return Int32Array.from(bias, (value, c) => {
    const scale = inputScale * weightScales[c]!;
    const code = roundHalfToEven(value / scale);
    if (Math.abs(code) >= 2 ** 31)
      throw new ModelError(
        "not-quantizable",
        { operator: layer.op, node: layer.name, found: value },
        `${layer.op} "${layer.name}": the bias ${value} of channel ${c} does not fit 32 bits at scale ${scale}. ` +
          "Its weights are nearly zero; raise the layer's weight scale or remove the channel.",
      );
    return code;
  });
}

/** The real values of bias codes, as float32. */
export const biasValues = (codes: Int32Array, inputScale: number, weightScales: Float32Array): Float32Array =>
  Float32Array.from(codes, (code, c) => code * inputScale * weightScales[c]!);

/** The graph with every quantized layer's bias rounded to its grid; scales must be set. */
export function snapBiases(graph: Graph): Graph {
  const weights = new Map(fakeQuants(graph).map((fq) => [fq.output, fq]));
  const inputScales = storedScales(graph);
  const tensors = new Map<string, Tensor>();
  for (const layer of graph.nodes.filter(isLayer)) {
    const [data, weight, bias] = layer.inputs;
    const fq = weights.get(weight!);
    const inputScale = inputScales.get(data!);
    if (!bias || !fq || inputScale === undefined) continue;
    const scales = graph.tensors.get(fq.scale)!.data as Float32Array;
    const codes = biasCodes(layer, graph.tensors.get(bias)!.data as Float32Array, inputScale, scales);
    tensors.set(bias, float32(biasValues(codes, inputScale, scales)));
  }
  return withTensors(graph, tensors);
}
