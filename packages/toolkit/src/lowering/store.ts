/** @file The end of a chain, a FakeQuant: emits the engine operator that computes the codes of the pending value. */

import { type QuantizedWeights, roundHalfToEven, type TensorId } from "@subbyte/engine";
import type { Node } from "@subbyte/graph";
import { biasCodes } from "../quantization/biases.js";
import { codeRange, type FakeQuant, quantizeValue } from "../quantization/fake-quant.js";
import { convAttributes } from "./attributes.js";
import type { Lowering } from "./lowering.js";
import { type PendingFunction, type PendingProduct, unclamped } from "./pending.js";
import { noIntegerForm } from "./refusal.js";

/** Emits the operator that computes the input of an activation FakeQuant, and stores its codes. */
export function storeCodes(lowering: Lowering, fq: FakeQuant): TensorId {
  const pending = lowering.pending(fq.input, fq.node);
  const output = lowering.addTensor(fq.output, lowering.shape(fq.output), fq);
  const range = lowering.range(output, pending.clamp);
  const { operators } = lowering;
  switch (pending.kind) {
    case "image":
      break;
    case "stored":
      operators.push({ op: "rescale", name: fq.node.name, input: pending.tensor, output, ...range });
      break;
    case "product":
      emitProduct(lowering, pending, output);
      break;
    case "function":
      emitTable(lowering, pending, output);
      break;
    case "operator":
      pending.store(output, range);
      break;
    default:
      pending satisfies never;
  }
  lowering.set(fq.output, { kind: "stored", tensor: output, clamp: unclamped });
  return output;
}

/** Emits a layer; without `output` it is the last one and yields float32 logits. */
export function emitProduct(lowering: Lowering, pending: PendingProduct, output?: TensorId): void {
  const { node, input, residual } = pending;
  const weights = integerWeights(lowering, pending.weights);
  const bias = integerBias(lowering, node, lowering.tensors[input]!.scale, weights.scales);
  if (node.op === "Conv") {
    if (output === undefined)
      throw noIntegerForm(
        node,
        `it is the network's output; the engine takes logits from a linear layer or stored codes`,
      );
    lowering.operators.push({
      op: "conv",
      name: node.name,
      input,
      output,
      weights,
      bias,
      ...convAttributes(node, lowering.tensors[input]!.shape, weights.shape),
      ...(residual === undefined ? {} : { residual: { tensor: residual } }),
      ...lowering.range(output, pending.clamp),
    });
  } else {
    lowering.operators.push({
      op: "linear",
      name: node.name,
      input,
      weights,
      bias,
      ...(output === undefined ? {} : { output, ...lowering.range(output, pending.clamp) }),
    });
  }
}

/** Codes w = clamp(rne(fround(w / s))) of a weight FakeQuant, channel by channel. */
function integerWeights(lowering: Lowering, fq: FakeQuant): QuantizedWeights {
  const real = lowering.constant(fq.input);
  const shape = lowering.graph.tensors.get(fq.input)!.shape;
  const scales = lowering.constant(fq.scale).slice();
  const { min, max } = codeRange(fq);
  const size = real.length / scales.length;
  const codes = new Int8Array(real.length);
  for (let i = 0; i < real.length; i++) codes[i] = quantizeValue(real[i]!, scales[Math.floor(i / size)]!, 0, min, max);
  return { bits: fq.bits, shape, codes, scales };
}

/** Bias codes; zeros if the layer has no bias. */
function integerBias(lowering: Lowering, node: Node, inputScale: number, scales: Float32Array): Int32Array {
  if (!node.inputs[2]) return new Int32Array(scales.length);
  return biasCodes(node, lowering.constant(node.inputs[2]), inputScale, scales);
}

function emitTable(lowering: Lowering, pending: PendingFunction, output: TensorId): void {
  const from = lowering.tensors[pending.input]!;
  const to = lowering.tensors[output]!;
  const { lo, hi } = lowering.range(output, pending.clamp);
  const xs = Array.from({ length: 2 ** from.bits }, (_, q) => from.scale * (q - from.zeroPoint));
  const codes = pending
    .tabulate(xs)
    .flatMap((ys) =>
      Array.from(defined(ys), (y) => Math.min(hi, Math.max(lo, roundHalfToEven(y / to.scale) + to.zeroPoint))),
    );
  const table = Uint8Array.from(codes);
  lowering.operators.push({ op: "table", name: pending.node.name, input: pending.input, output, table });
}

/**
 * Replaces values outside the domain of a function, such as a logarithm, by the nearest value inside. They occur because grids
 * include 0 even if the values do not.
 */
function defined(ys: Float64Array): Float64Array {
  const result = ys.slice();
  for (let q = 1; q < ys.length; q++) if (Number.isNaN(result[q])) result[q] = result[q - 1]!;
  for (let q = ys.length - 2; q >= 0; q--) if (Number.isNaN(result[q])) result[q] = result[q + 1]!;
  return result;
}
