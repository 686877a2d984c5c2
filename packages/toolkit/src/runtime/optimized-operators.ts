/** @file Lists the operators of a model after ONNX Runtime's optimization. */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onnxruntime } from "./onnxruntime.js";

/**
 * Operators that ONNX Runtime runs instead of the model's own, in order, such as `"Transpose"` or `"com.microsoft.QLinearConv"`.
 * @param model bytes of an ONNX file
 */
export async function optimizedOperators(model: Uint8Array): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "subbyte-optimized-"));
  try {
    const path = join(folder, "optimized.onnx");
    const ort = await onnxruntime();
    const session = await ort.InferenceSession.create(model, {
      executionProviders: ["cpu"],
      graphOptimizationLevel: "all",
      optimizedModelFilePath: path,
      logSeverityLevel: 4, // ONNX Runtime warns that the file suits this machine only.
    });
    await session.release();
    return operatorTypes(await readFile(path));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Protobuf field numbers of `ModelProto.graph`, `GraphProto.node`, `NodeProto.op_type` and `NodeProto.domain`. */
const GRAPH = 7;
const NODE = 1;
const OP_TYPE = 4;
const DOMAIN = 7;

/** The operator types in a model. Our own reader is not used, because it refuses operators that it does not know. */
function operatorTypes(model: Uint8Array): string[] {
  const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
  return fields(model, GRAPH)
    .flatMap((graph) => fields(graph, NODE))
    .map((node) => {
      const domain = text(fields(node, DOMAIN)[0]);
      const type = text(fields(node, OP_TYPE)[0]);
      return domain === "" ? type : `${domain}.${type}`;
    });
}

/** Contents of the length-delimited fields of a message that have this number. */
function fields(message: Uint8Array, number: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const wireType = tag & 7;
    if (wireType === 0) varint();
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else {
      const length = varint();
      if (tag >>> 3 === number) found.push(message.subarray(at, at + length));
      at += length;
    }
  }
  return found;
}
