/**
 * @file Weights of quantized files become integer codes that DequantizeLinear reads directly, without operators in between:
 *
 *   DequantizeLinear(Clip(QuantizeLinear(w, s, z)), s, z)  →  DequantizeLinear(codes, s, z)      training exports float weights so
 *   Transpose(DequantizeLinear(codes, s, z))               →  DequantizeLinear(Transpose(codes), s, z)      tf2onnx
 */

import type { Graph, Node } from "../ir/types.js";
import { type Uses, usesOf } from "../ir/uses.js";
import { permutation } from "../operators/movement.js";
import { normalizeAxis } from "../operators/support/attributes.js";
import { evaluatedConstants } from "../passes/evaluated-constants.js";

/** Operators whose output consists of codes if their input does. */
const ofCodes: ReadonlySet<string> = new Set(["Clip", "Transpose", "Reshape", "Identity"]);
const codeTypes: ReadonlySet<string> = new Set(["int8", "uint8", "int4", "uint4"]);

export function withConstantCodes(graph: Graph): Graph {
  const tensors = new Map(graph.tensors);
  const uses = usesOf(graph);
  const nodes: Node[] = [];
  const merged = new Set<Node>();
  for (const node of graph.nodes) {
    if (merged.has(node)) continue;
    const [codes] = node.inputs;
    const constant = tensors.get(codes ?? "");
    const isOfCodes = constant !== undefined && ofCodes.has(node.op) && codeTypes.has(constant.dtype);
    if (node.domain === "" && (node.op === "QuantizeLinear" || isOfCodes)) {
      const [result] = evaluatedConstants(node, tensors) ?? [];
      if (result) {
        tensors.set(node.outputs[0]!, result);
        continue;
      }
    }
    const transpose = node.op === "DequantizeLinear" && constant ? onlyTranspose(uses, node) : undefined;
    if (!transpose) {
      nodes.push(node);
      continue;
    }
    const name = `${codes}.transposed`;
    tensors.set(name, evaluatedConstants({ ...transpose, inputs: [codes!] }, tensors)![0]!);
    const rank = constant!.shape.length;
    const axis = permutation(transpose, rank).indexOf(normalizeAxis(node, Number(node.attributes.axis ?? 1), rank));
    const inputs = [name, ...node.inputs.slice(1)];
    nodes.push({ ...node, inputs, outputs: transpose.outputs, attributes: { ...node.attributes, axis } });
    merged.add(transpose);
  }
  return { ...graph, nodes, tensors };
}

function onlyTranspose(uses: Uses, { outputs: [output] }: Node): Node | undefined {
  const [reader, ...others] = uses.readers(output!);
  return reader?.op === "Transpose" && others.length === 0 && !uses.isGraphOutput(output!) ? reader : undefined;
}
