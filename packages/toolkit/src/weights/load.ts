/** @file Weights from a file of any known format, recognised by its content. */

import { elementCount, type Tensor } from "@subbyte/graph";
import { DataError } from "../errors.js";
import { isSafetensors, readSafetensors } from "./safetensors.js";
import { findStateDict } from "./state-dict.js";
import { decodeView, storedTypes, toFloat32, viewEnd } from "./stored-tensor.js";
import { isPickle, isZip, readLegacyCheckpoint, readZipCheckpoint } from "./torch-archive.js";

/** The tensors of a weights file. */
export interface LoadedWeights {
  readonly format: "safetensors" | "pytorch" | "pytorch-legacy";
  /** Tensors by their names in the file; floating-point tensors are float32, each in an array of its own. */
  readonly tensors: Map<string, Tensor>;
  /** Keys that led to the tensors inside a checkpoint, e.g. `["state_dict"]`. */
  readonly path: readonly string[];
  /** Metadata of a safetensors file; empty for other files. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Whether a file begins as one of the formats that `loadWeights` reads. */
export const isWeightsFile = (bytes: Uint8Array): boolean => isZip(bytes) || isPickle(bytes) || isSafetensors(bytes);

/**
 * Largest size of all tensors together, as a multiple of the file's size. Tensors may share storages, but a small file must not
 * fill the memory.
 */
const MAX_EXPANSION = 16;

/**
 * Reads a PyTorch checkpoint (zip or old format) or a safetensors file. Nothing in the file is executed.
 *
 * @param source name of the file in messages
 * @throws {DataError} for an unknown or damaged file, and for objects that are not plain tensors
 */
export async function loadWeights(bytes: Uint8Array, source = "the checkpoint"): Promise<LoadedWeights> {
  if (isZip(bytes)) return fromCheckpoint("pytorch", readZipCheckpoint(bytes, source), bytes.length, source);
  if (isPickle(bytes))
    return fromCheckpoint("pytorch-legacy", readLegacyCheckpoint(bytes, source), bytes.length, source);
  if (isSafetensors(bytes)) {
    const { tensors, metadata } = readSafetensors(bytes, source);
    for (const [name, tensor] of tensors) tensors.set(name, toFloat32(tensor));
    return { format: "safetensors", tensors, metadata, path: [] };
  }
  throw new DataError(
    "weights-format",
    { source },
    `${source} is neither a PyTorch checkpoint nor a safetensors file (${bytes.length} bytes); give a file that torch.save or safetensors wrote`,
  );
}

function fromCheckpoint(
  format: LoadedWeights["format"],
  root: unknown,
  fileBytes: number,
  source: string,
): LoadedWeights {
  const { views, path } = findStateDict(root, source);
  const tensors = new Map<string, Tensor>();
  let total = 0;
  for (const [name, view] of views) {
    const { storage, shape } = view;
    const located = { ...view, bytes: storage.bytes!, type: storage.type };
    if (viewEnd(located) > storage.length)
      throw new DataError(
        "weights-damaged",
        { source, reason: `tensor "${name}" reaches beyond its storage` },
        `${source}: tensor "${name}" [${shape}] reaches beyond its storage of ${storage.length} elements; the file is damaged`,
      );
    total += elementCount(shape) * storedTypes[storage.type].size;
    if (total > fileBytes * MAX_EXPANSION)
      throw new DataError(
        "weights-unsupported",
        { source, reason: "tensors far larger than the file" },
        `${source} has ${fileBytes} bytes but describes tensors of more than ${MAX_EXPANSION} times as many; save contiguous tensors`,
      );
    tensors.set(name, toFloat32(decodeView(located)));
  }
  return { format, tensors, path, metadata: {} };
}
