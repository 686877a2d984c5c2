/**
 * @file The ONNX project's backend tests: models of one operator or a few, each with inputs and expected outputs. Debian's
 * package `libonnx-testdata` has 1,072 of them; `$ONNX_TESTDATA` names another folder.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Tensor } from "../src/ir/types.js";
import { modelType, type TensorProto, toBigInt } from "../src/onnx/schema.js";
import { readTensor } from "../src/onnx/tensors.js";
import { decode } from "./onnx-files.js";

const root = process.env.ONNX_TESTDATA ?? "/usr/share/libonnx-testdata/data";

export interface BackendModel {
  /** `node/test_abs` */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly opset: number;
  /** Domain and operator of each node, `""` for ONNX's own domain: `/Abs`. */
  readonly operators: readonly string[];
  /** By position; undefined if a value is no tensor that the IR can hold, such as a sequence. */
  readonly inputs: readonly Tensor[] | undefined;
  readonly outputs: readonly Tensor[] | undefined;
}

/** Paths of the models; empty if the package is not installed. */
export function backendModels(): readonly string[] {
  if (!existsSync(root)) return [];
  const folders = (path: string) =>
    readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  return folders(root)
    .toSorted()
    .flatMap((set) => folders(join(root, set)).map((name) => `${set}/${name}`))
    .filter((name) => existsSync(join(root, name, "model.onnx")));
}

export function openBackendModel(name: string): BackendModel {
  const folder = join(root, name);
  const bytes = readFileSync(join(folder, "model.onnx"));
  const { graph, opset_import } = decode(bytes);
  const own = opset_import.find(({ domain }) => domain === "" || domain === "ai.onnx");
  return {
    name,
    bytes,
    opset: own ? Number(toBigInt(own.version)) : 0,
    operators: graph.node.map(({ domain, op_type }) => `${domain}/${op_type}`),
    inputs: values(folder, "input"),
    outputs: values(folder, "output"),
  };
}

const tensorType = modelType.root.lookupType("TensorProto");

function values(folder: string, kind: "input" | "output"): readonly Tensor[] | undefined {
  const set = join(folder, "test_data_set_0");
  const tensors: Tensor[] = [];
  for (let i = 0; existsSync(join(set, `${kind}_${i}.pb`)); i++) {
    try {
      const proto = tensorType.decode(readFileSync(join(set, `${kind}_${i}.pb`))) as unknown as TensorProto;
      tensors.push(readTensor(proto, `${kind} ${i}`));
    } catch {
      return undefined;
    }
  }
  return tensors;
}
