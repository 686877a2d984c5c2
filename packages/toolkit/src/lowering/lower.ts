/** @file Turns the quantized graph into a program for the engine. */

import {
  type Preprocessing,
  type Probabilities,
  type Program,
  type Provenance,
  roundHalfToEven,
} from "@subbyte/engine";
import { type Graph, ModelError } from "@subbyte/graph";
import { codeRange, fakeQuant, fakeQuants, isFakeQuant } from "../quantization/fake-quant.js";
import { Lowering } from "./lowering.js";
import { integerFormOf } from "./operators/index.js";
import { unclamped } from "./pending.js";
import { noIntegerForm } from "./refusal.js";
import { emitProduct, storeCodes } from "./store.js";

/** The parts of a `.sbq` besides the network: how images are prepared, names of classes, origin. */
export interface LowerOptions {
  readonly preprocessing: Preprocessing;
  readonly labels?: readonly string[];
  readonly probabilities?: Probabilities;
  readonly provenance?: Provenance;
}

/**
 * Lowers a graph whose FakeQuant nodes have their scales. The operators between two FakeQuant nodes become one operator of the
 * engine. Every code, bias and table is computed here, once, and stored in the file.
 *
 * @throws {ModelError} that names the operator without integer form, or the value without FakeQuant
 */
export function lower(graph: Graph, options: LowerOptions): Program {
  const lowering = new Lowering(graph);
  const [input] = graph.inputs;
  if (!input || graph.inputs.length !== 1)
    throw new ModelError(
      "not-a-classifier",
      { graph: graph.name, found: graph.inputs.length, expected: 1 },
      `graph "${graph.name}": the engine takes one image as input, found ${graph.inputs.length} inputs`,
    );
  lowering.set(input.name, { kind: "image", clamp: unclamped });

  for (const node of graph.nodes) {
    if (isFakeQuant(node)) {
      const fq = fakeQuant(graph, node);
      if (!fq.ofWeights) storeCodes(lowering, fq);
      continue;
    }
    const form = integerFormOf(graph, node);
    if (!form) throw noIntegerForm(node, "it has no integer form");
    form.lower(lowering, node);
  }

  const logits = graph.outputs[0]!;
  const reader = graph.nodes.at(-1)!;
  const last = lowering.pending(logits, reader);
  if (last.kind === "product") emitProduct(lowering, last);
  else lowering.operators.push({ op: "dequantize", name: logits, input: lowering.codes(logits, reader) });

  const quantizedInput = fakeQuants(graph).find((fq) => fq.input === input.name)!;
  const inputTensor = lowering.tensors.findIndex((tensor) => tensor.name === quantizedInput.output);
  const { scale, zeroPoint, bits } = lowering.tensors[inputTensor]!;
  return {
    name: graph.name,
    tensors: lowering.tensors,
    input: inputTensor,
    inputTables: inputTables(options.preprocessing, scale, zeroPoint, bits),
    operators: lowering.operators,
    classes: lowering.shape(logits)[0]!,
    ...(options.labels ? { labels: options.labels } : {}),
    ...(options.probabilities === "sigmoid" ? { probabilities: "sigmoid" } : {}),
    preprocessing: options.preprocessing,
    provenance: options.provenance ?? {},
  };
}

/** For each channel, the codes of bytes 0 … 255: clamp(rne(((p/255 − mean)/std)/s) + z) in float64 (rule 8). */
function inputTables({ mean, std }: Preprocessing, scale: number, zeroPoint: number, bits: number): Uint8Array[] {
  const { max } = codeRange({ bits, signed: false, narrow: false });
  return mean.map((m, c) =>
    Uint8Array.from({ length: 256 }, (_, p) => {
      const code = roundHalfToEven((p / 255 - m) / std[c]! / scale) + zeroPoint;
      return Math.min(max, Math.max(0, code));
    }),
  );
}
