/** @file The messages between the main thread of the server and the threads that compute. */

import type { Preprocessing, Probabilities, Provenance, TierName } from "@subbyte/engine";
import type { Tensor, TensorSpec } from "../tensors/tensor.js";

export type ModelKind = "sbq" | "onnx";

/** The contents of a `.json` file beside an ONNX file, with which the model can classify images. */
export interface ModelConfig {
  readonly preprocessing?: Preprocessing;
  readonly labels?: readonly string[];
  /** Measured top-1 accuracies in [0, 1] by name of data set and split. */
  readonly accuracy?: Readonly<Record<string, number>>;
}

/** A model file for a worker to open; the `workerData` of its thread. */
export interface ModelFile {
  readonly kind: ModelKind;
  readonly path: string;
  /** The file's content, shared by all threads. */
  readonly content: SharedArrayBuffer;
  readonly config: ModelConfig;
  /** Number of threads within an operator of ONNX Runtime. */
  readonly threads: number;
  readonly maxBytes: number;
}

/** How a model classifies images. */
export interface Classifier {
  readonly preprocessing: Preprocessing;
  readonly classes: number;
  readonly labels?: readonly string[];
  /** How probabilities come from the output; absent if the file does not say. */
  readonly probabilities?: Probabilities;
  /** The input that takes images, and the output with the logits or probabilities. */
  readonly input: string;
  readonly output: string;
}

/** The description of a loaded model. */
export interface Description {
  readonly kind: ModelKind;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Whether the first dimension of all inputs and outputs counts independent items. */
  readonly batched: boolean;
  readonly classifier?: Classifier;
  /** Bit width of most weights; 32 for float networks. */
  readonly bits: number;
  /** Mean bit width of the weights. */
  readonly weightBits: number;
  readonly accuracy: Readonly<Record<string, number>>;
  readonly multiplyAdds?: number;
  readonly parameters?: number;
  readonly peakBytes?: number;
  readonly provenance?: Provenance;
  readonly tier?: TierName;
}

/** An image file. */
export interface EncodedItem {
  readonly encoded: Uint8Array;
  /** Number of pixels according to its header; a file with more is refused. */
  readonly pixels: number;
}

/** The part of one request in a run: an image file, or the model's inputs. */
export type WorkItem = EncodedItem | { readonly tensors: readonly Tensor[] };

/** The origin of an item's error: `image` for its file, `data` for the request, `unexpected` for the model or this program. */
export interface ItemError {
  readonly kind: "image" | "data" | "unexpected";
  readonly message: string;
}

/** Milliseconds of the parts of a run: preparing the input, the network, reading the output. */
export interface RunTimes {
  readonly input: number;
  readonly infer: number;
  readonly output: number;
}

/** `times` are the item's own, or those of the run that it shared; `decode` is always its own. */
export type ItemResult =
  | { readonly outputs: readonly Tensor[]; readonly times: RunTimes & { readonly decode: number } }
  | { readonly error: ItemError };

export interface BatchResult {
  /** One result per item, in the order of the items. */
  readonly results: readonly ItemResult[];
  readonly times: RunTimes;
}

export type Task =
  | { readonly type: "describe" }
  | { readonly type: "run"; readonly items: readonly WorkItem[] }
  | { readonly type: "release" };

/** A model in a thread that computes. */
export interface Runner {
  readonly description: Description;
  run(items: readonly WorkItem[]): Promise<BatchResult>;
  release(): Promise<void>;
}
