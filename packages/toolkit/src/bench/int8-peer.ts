/**
 * @file The network in the form that ONNX Runtime runs fastest on 8-bit integers: uint8 activations, int8 weights with one
 * scale per channel, QuantizeLinear/DequantizeLinear around every operator, and ReLU folded into the range of the quantizer
 * after it.
 *
 * Our own 8-bit graph would be unfair: its residual additions take the convolution's result before it is rounded, and without a
 * pair between Conv and Add, ONNX Runtime falls back to float convolutions.
 */

import { type Graph, GraphBuilder, type Node, namesIn, writeOnnx } from "@subbyte/graph";
import { FailedRunError } from "../errors.js";
import { QDQ_OPSET, toQdq } from "../export/qdq.js";
import { roleOf } from "../lowering/operators/index.js";
import { addFakeQuant } from "../quantization/fake-quant.js";
import { isLayer } from "../quantization/topology.js";
import { optimizedOperators } from "../runtime/optimized-operators.js";
import type { BenchNetwork } from "./network.js";
import { calibrated } from "./quantized.js";

const BITS = 8;

/**
 * The bytes of the ONNX file.
 * @throws {FailedRunError} if ONNX Runtime would not run all of it on integers
 */
export async function int8Peer(network: BenchNetwork): Promise<Uint8Array> {
  const graph = await calibrated(quantizeEverything(network.graph), network);
  const file = writeOnnx(toQdq(graph), { opset: QDQ_OPSET });
  await assertIntegerThroughout(file);
  return file;
}

/**
 * Operators that would compute on floats: those with weights, in ONNX's form and in the forms that ONNX Runtime optimizes them
 * to.
 */
const FLOAT_LAYER = /(^|\.)(Fused)?(Conv|Gemm|MatMul)$/;

/**
 * Checks in ONNX Runtime's optimized graph that all layers compute on integers, because a single missing pair of QuantizeLinear
 * and DequantizeLinear makes it use floats, at half the speed.
 * @param model bytes of an ONNX file
 * @throws {FailedRunError} if the optimized graph has a convolution or linear layer on floats
 */
export async function assertIntegerThroughout(model: Uint8Array): Promise<void> {
  const operators = await optimizedOperators(model);
  const float = operators.filter((type) => FLOAT_LAYER.test(type));
  if (float.length > 0)
    throw new FailedRunError(
      "unfair-comparison",
      { network: "int8 peer", reason: `${float.length} operators compute on floats` },
      `the int8 network is not entirely on integers: in ONNX Runtime's optimized graph, ${float.length} of ${operators.length} operators ` +
        `compute on floats (${[...new Set(float)].join(", ")}); place QuantizeLinear/DequantizeLinear around every operator.`,
    );
}

/** Puts FakeQuant on all weights and on every value but the logits and inputs of clamps. */
function quantizeEverything(graph: Graph): Graph {
  const b = new GraphBuilder(graph.name);
  b.reserve(namesIn(graph));
  const current = new Map<string, string>();
  const store = (value: string) => current.set(value, addFakeQuant(b, value, { bits: BITS, signed: false }));
  for (const input of graph.inputs) b.input(input.name, input.dtype, input.shape ?? []);
  for (const [name, tensor] of graph.tensors) b.constant(tensor, name);
  for (const input of graph.inputs) store(input.name);
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((value) => current.get(value) ?? value);
    if (isLayer(node)) inputs[1] = quantizedWeights(b, graph, node);
    b.node(node.op, inputs, node.attributes, { name: node.name, outputs: node.outputs, domain: node.domain });
    const [output] = node.outputs as [string];
    const readers = graph.nodes.filter((reader) => reader.inputs.includes(output));
    const clamped = readers.length === 1 && roleOf(graph, readers[0]!) === "clamp";
    if (!clamped && !graph.outputs.includes(output)) store(output);
  }
  b.setOutputs(graph.outputs);
  return b.build();
}

function quantizedWeights(b: GraphBuilder, graph: Graph, { inputs }: Node): string {
  const weight = inputs[1]!;
  const channels = graph.tensors.get(weight)!.shape[0]!;
  return addFakeQuant(b, weight, { bits: BITS, signed: true, narrow: true, axis: 0, channels });
}
