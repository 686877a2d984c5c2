/**
 * @file Quantized ONNX: FakeQuant nodes become QuantizeLinear/DequantizeLinear pairs that any ONNX runtime can execute.
 *
 * 4-bit weights are INT4 (opset 21); weights of other bit widths are int8 codes within their smaller range. Activations are
 * uint8; below 8 bits a Clip limits them to 2^b codes ("QCDQ"). Biases are int32 at scale s_x·s_w. Spec: ONNX QuantizeLinear,
 * DequantizeLinear 21.
 */

import { float32, type Graph, GraphBuilder, type Node, namesIn, type Tensor } from "@subbyte/graph";
import { biasCodes } from "../quantization/biases.js";
import { codeRange, type FakeQuant, fakeQuants, quantizeValue } from "../quantization/fake-quant.js";
import { storedScales } from "../quantization/ranges.js";
import { isLayer } from "../quantization/topology.js";

/** First opset whose QuantizeLinear and DequantizeLinear support INT4. */
export const QDQ_OPSET = 21;

/**
 * Replaces FakeQuant nodes by QuantizeLinear and DequantizeLinear.
 *
 * @param graph with FakeQuant nodes whose scales are set
 */
export function toQdq(graph: Graph): Graph {
  const b = new GraphBuilder(graph.name);
  b.reserve(namesIn(graph));
  const quantizers = new Map(fakeQuants(graph).map((fq) => [fq.node, fq]));
  const byOutput = new Map([...quantizers.values()].map((fq) => [fq.output, fq]));
  const inputScales = storedScales(graph);
  const replaced = new Set<string>();
  for (const fq of quantizers.values()) for (const name of fq.node.inputs) replaced.add(name);
  for (const layer of graph.nodes.filter(isLayer)) if (layer.inputs[2]) replaced.add(layer.inputs[2]);

  for (const input of graph.inputs) b.input(input.name, input.dtype, input.shape ?? []);
  for (const [name, tensor] of graph.tensors) if (!replaced.has(name)) b.constant(tensor, name);
  for (const node of graph.nodes) {
    const fq = quantizers.get(node);
    if (fq) {
      if (fq.ofWeights) dequantizedWeights(b, graph, fq);
      else quantizedActivation(b, graph, fq);
    } else {
      const weights = isLayer(node) ? byOutput.get(node.inputs[1]!) : undefined;
      const inputs =
        weights && node.inputs[2]
          ? withIntegerBias(b, graph, node, weights, inputScales.get(node.inputs[0]!)!)
          : node.inputs;
      b.node(node.op, inputs, node.attributes, { name: node.name, outputs: node.outputs, domain: node.domain });
    }
  }
  b.setOutputs(graph.outputs);
  return b.build();
}

const firstElement = (graph: Graph, name: string): number => (graph.tensors.get(name)!.data as Float32Array)[0]!;

function quantizedActivation(b: GraphBuilder, graph: Graph, fq: FakeQuant): void {
  const scale = firstElement(graph, fq.scale);
  const zeroPoint = firstElement(graph, fq.zeroPoint);
  const { max } = codeRange(fq);
  const parameters = [
    b.constant(float32([scale], []), fq.scale),
    b.constant({ dtype: "uint8", shape: [], data: Uint8Array.of(zeroPoint) }, fq.zeroPoint),
  ];
  let value = fq.input;
  if (fq.bits < 8) {
    const bounds = [-zeroPoint, max - zeroPoint].map((steps) => b.scalar(scale * steps));
    value = b.op("Clip", [value, ...bounds], {}, { name: `${fq.node.name}/clip` });
  }
  const codes = b.op("QuantizeLinear", [value, ...parameters], {}, { name: `${fq.node.name}/quantize` });
  b.op("DequantizeLinear", [codes, ...parameters], {}, { name: `${fq.node.name}/dequantize`, outputs: [fq.output] });
}

function dequantizedWeights(b: GraphBuilder, graph: Graph, fq: FakeQuant): void {
  const weights = graph.tensors.get(fq.input)!;
  const scales = graph.tensors.get(fq.scale)!;
  const { min, max } = codeRange(fq);
  const real = weights.data as Float32Array;
  const size = real.length / scales.data.length;
  const codes = Int8Array.from(real, (w, i) =>
    quantizeValue(w, Number(scales.data[Math.floor(i / size)]), 0, min, max),
  );
  const integers: Tensor = { dtype: fq.bits === 4 ? "int4" : "int8", shape: weights.shape, data: codes };
  const inputs = [b.constant(integers, fq.input), b.constant(scales, fq.scale), zeroPoints(b, fq.zeroPoint, integers)];
  b.op("DequantizeLinear", inputs, { axis: 0 }, { name: `${fq.node.name}/dequantize`, outputs: [fq.output] });
}

/**
 * Zero points, one per output channel, all 0. That is the default, but ONNX Runtime uses its integer Gemm only if the file has
 * them.
 */
function zeroPoints(b: GraphBuilder, name: string, { dtype, shape: [channels] }: Tensor): string {
  const data = dtype === "int32" ? new Int32Array(channels!) : new Int8Array(channels!);
  return b.constant({ dtype, shape: [channels!], data }, name);
}

/** The layer's inputs with its bias as int32 codes at scale s_x·s_w[c]. */
function withIntegerBias(
  b: GraphBuilder,
  graph: Graph,
  node: Node,
  weights: FakeQuant,
  inputScale: number,
): readonly string[] {
  const [data, weight, bias] = node.inputs as [string, string, string];
  const scales = graph.tensors.get(weights.scale)!.data as Float32Array;
  const real = graph.tensors.get(bias)!.data as Float32Array;
  const codes = biasCodes(node, real, inputScale, scales);
  const integers: Tensor = { dtype: "int32", shape: [codes.length], data: codes };
  const inputs = [
    b.constant(integers, bias),
    b.constant(float32(Float32Array.from(scales, (s) => inputScale * s)), `${bias}.scale`),
    zeroPoints(b, `${bias}.zero_point`, integers),
  ];
  return [data, weight, b.op("DequantizeLinear", inputs, { axis: 0 }, { name: `${bias}/dequantize` })];
}
