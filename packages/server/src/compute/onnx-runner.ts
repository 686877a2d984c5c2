/**
 * @file An ONNX model on ONNX Runtime. Only threads that compute import this, so a server without ONNX models does not need
 * ONNX Runtime.
 */

import { existsSync } from "node:fs";
import type { Preprocessing } from "@subbyte/engine";
import { preprocess } from "@subbyte/engine";
import { normalize } from "@subbyte/toolkit/decode";
import type * as Ort from "onnxruntime-node";
import { ModelFileError } from "../errors.js";
import {
  type Datatype,
  elementCount,
  isDatatype,
  type NumericArray,
  type NumericTensor,
  newArray,
  type Tensor,
  type TensorSpec,
} from "../tensors/tensor.js";
import { decodeItem } from "./decode-item.js";
import { itemError } from "./item-error.js";
import type {
  BatchResult,
  Classifier,
  Description,
  ItemError,
  ItemResult,
  ModelFile,
  Runner,
  WorkItem,
} from "./protocol.js";

/** The datatype for each of ONNX Runtime's type names. */
const datatypes: Readonly<Record<string, Datatype>> = {
  float32: "FP32",
  float64: "FP64",
  float16: "FP16",
  uint8: "UINT8",
  uint16: "UINT16",
  uint32: "UINT32",
  uint64: "UINT64",
  int8: "INT8",
  int16: "INT16",
  int32: "INT32",
  int64: "INT64",
  bool: "BOOL",
};
const ortTypes = Object.fromEntries(Object.entries(datatypes).map(([ort, ours]) => [ours, ort]));

/** @throws {Error} if onnxruntime-node is not installed, or refuses the model. */
export async function openOnnx(file: ModelFile): Promise<Runner> {
  const ort = await importRuntime();
  const hasExternalData = existsSync(`${file.path}.data`);
  const options: Ort.InferenceSession.SessionOptions = {
    intraOpNumThreads: file.threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  };
  const session = hasExternalData
    ? await ort.InferenceSession.create(file.path, options)
    : await ort.InferenceSession.create(new Uint8Array(file.content).slice(), options);
  const description = describe(session, file);
  const runner = new OnnxRunner(ort, session, description);
  await runner.warmUp();
  return runner;
}

async function importRuntime(): Promise<typeof Ort> {
  try {
    return await import("onnxruntime-node");
  } catch (cause) {
    throw new ModelFileError(
      "onnxruntime-node is needed for .onnx models and not installed: npm install onnxruntime-node",
      { cause },
    );
  }
}

function describe(session: Ort.InferenceSession, { config }: ModelFile): Description {
  const inputs = session.inputMetadata.map(specOf);
  const outputs = session.outputMetadata.map(specOf);
  const classifier = classifierOf(inputs, outputs, config.preprocessing, config.labels);
  return {
    kind: "onnx",
    inputs,
    outputs,
    batched: [...inputs, ...outputs].every(({ shape }) => shape[0] === -1),
    ...(classifier === undefined ? {} : { classifier }),
    bits: 32,
    weightBits: 32,
    accuracy: config.accuracy ?? {},
  };
}

function specOf(metadata: Ort.InferenceSession.ValueMetadata): TensorSpec {
  const datatype = metadata.isTensor ? datatypes[metadata.type] : undefined;
  if (!metadata.isTensor || datatype === undefined)
    throw new ModelFileError(
      `its value "${metadata.name}" is ${metadata.isTensor ? `a tensor of ${metadata.type}` : "no tensor"}, which this server cannot receive or send`,
    );
  const shape = metadata.shape.map((size) => (typeof size === "number" && size >= 0 ? size : -1));
  return { name: metadata.name, datatype, shape };
}

/**
 * Describes a network with one input `[N, C, H, W]` and a first output `[N, classes]` as an image classifier, with its
 * preprocessing.
 */
function classifierOf(
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[],
  preprocessing: Preprocessing | undefined,
  labels: readonly string[] | undefined,
): Classifier | undefined {
  const [input] = inputs;
  const [output] = outputs;
  const fits = inputs.length === 1 && input!.datatype === "FP32" && output?.datatype === "FP32";
  if (preprocessing === undefined || !fits) return undefined;
  const { channels, height, width } = preprocessing;
  const wanted = [channels, height, width];
  const sizes = input!.shape.slice(1);
  if (sizes.length !== 3 || sizes.some((size, i) => size !== -1 && size !== wanted[i]))
    throw new ModelFileError(
      `the preprocessing in its .json file makes [${wanted}], but its input "${input!.name}" takes [${sizes}]; correct the .json file`,
    );
  const classes = output.shape[1] ?? -1;
  if (output.shape.length !== 2 || classes < 1) return undefined;
  if (labels !== undefined && labels.length !== classes)
    throw new ModelFileError(`its .json file has ${labels.length} labels where the network has ${classes} classes`);
  return {
    preprocessing,
    classes,
    ...(labels === undefined ? {} : { labels }),
    input: input!.name,
    output: output.name,
  };
}

class OnnxRunner implements Runner {
  constructor(
    private readonly ort: typeof Ort,
    private readonly session: Ort.InferenceSession,
    readonly description: Description,
  ) {}

  /** Runs once on zeros, so that the first answer is as fast as the others; models with open sizes are not run. */
  async warmUp(): Promise<void> {
    const { inputs, classifier } = this.description;
    const sizes = classifier && [
      1,
      classifier.preprocessing.channels,
      classifier.preprocessing.height,
      classifier.preprocessing.width,
    ];
    const tensors = inputs.map(({ name, datatype, shape }): Tensor | undefined => {
      const known = sizes ?? shape.map((size, i) => (i === 0 && size === -1 ? 1 : size));
      if (datatype === "BYTES" || known.some((size) => size < 1)) return undefined;
      return { name, datatype, shape: known, data: newArray(datatype, elementCount(known)) };
    });
    if (tensors.every((tensor) => tensor !== undefined)) await this.#run(tensors);
  }

  async run(items: readonly WorkItem[]): Promise<BatchResult> {
    const prepared = await Promise.all(items.map((item) => this.#prepare(item)));
    const ready = performance.now();
    const input = prepared.reduce((sum, each) => sum + ("tensors" in each ? each.milliseconds : 0), 0);
    const results: ItemResult[] = prepared.map((each) =>
      "error" in each ? each : { outputs: [], times: { decode: each.decode, input, infer: 0, output: 0 } },
    );
    for (const group of this.#groups(prepared)) {
      const started = performance.now();
      try {
        const outputs = await this.#run(concatenate(group.map((i) => (prepared[i] as Prepared).tensors)));
        const times = { input, infer: performance.now() - started, output: 0 };
        const counts = group.map((i) => (prepared[i] as Prepared).tensors[0]!.shape[0]!);
        split(outputs, counts).forEach((each, g) => {
          const { decode } = prepared[group[g]!] as Prepared;
          results[group[g]!] = { outputs: each, times: { decode, ...times } };
        });
      } catch (error) {
        // A run fails if ONNX Runtime refuses its inputs, so the client gets the message.
        const failure = { error: { ...itemError(error), kind: "data" as const } };
        for (const i of group) results[i] = failure;
      }
    }
    return { results, times: { input, infer: performance.now() - ready, output: 0 } };
  }

  release(): Promise<void> {
    return this.session.release();
  }

  async #prepare(item: WorkItem): Promise<Prepared | { readonly error: ItemError }> {
    if ("tensors" in item) return { tensors: item.tensors as readonly NumericTensor[], decode: 0, milliseconds: 0 };
    const decoded = await decodeItem(item);
    if ("error" in decoded) return decoded;
    const begun = performance.now();
    try {
      const { preprocessing, input } = this.description.classifier!;
      const { channels, height, width, mean, std } = preprocessing;
      const bytes = preprocess(decoded.image, preprocessing, "cover");
      const data = normalize(bytes, { channels, mean, std, pixels: height * width });
      const tensors = [{ name: input, datatype: "FP32" as const, shape: [1, channels, height, width], data }];
      return { tensors, decode: decoded.milliseconds, milliseconds: performance.now() - begun };
    } catch (error) {
      return { error: itemError(error) };
    }
  }

  /** Groups items that one run can compute: items with equal shapes, if the model has a batch dimension. */
  #groups(prepared: readonly (Prepared | object)[]): number[][] {
    const groups = new Map<string, number[]>();
    prepared.forEach((each, i) => {
      if (!("tensors" in each)) return;
      const shapes = (each as Prepared).tensors.map(({ shape }) => shape.slice(1));
      const key = this.description.batched ? JSON.stringify(shapes) : String(i);
      groups.set(key, [...(groups.get(key) ?? []), i]);
    });
    return [...groups.values()];
  }

  async #run(tensors: readonly NumericTensor[] | readonly Tensor[]): Promise<NumericTensor[]> {
    const feeds: Record<string, Ort.Tensor> = {};
    for (const { name, datatype, shape, data } of tensors)
      feeds[name] = new this.ort.Tensor(ortTypes[datatype] as Ort.Tensor.Type, data as Ort.Tensor.DataType, shape);
    const results = await this.session.run(feeds);
    return this.description.outputs.map(({ name }) => {
      const { type, dims, data } = results[name] as Ort.Tensor;
      const datatype = datatypes[type];
      if (datatype === undefined || datatype === "BYTES" || !isDatatype(datatype))
        throw new Error(`internal: the output "${name}" became ${type}`);
      return { name, datatype, shape: dims, data: data as NumericArray };
    });
  }
}

interface Prepared {
  readonly tensors: readonly NumericTensor[];
  /** Milliseconds for decoding an image file, and for the preparation after it. */
  readonly decode: number;
  readonly milliseconds: number;
}

/** Tensors of several requests, joined along the first dimension. */
function concatenate(requests: readonly (readonly NumericTensor[])[]): readonly NumericTensor[] {
  if (requests.length === 1) return requests[0]!;
  return requests[0]!.map((first) => {
    const parts = requests.map((tensors) => tensors.find(({ name }) => name === first.name)!);
    const data = newArray(
      first.datatype,
      parts.reduce((sum, part) => sum + part.data.length, 0),
    );
    let at = 0;
    for (const part of parts) {
      data.set(part.data as never, at);
      at += part.data.length;
    }
    return { ...first, shape: [parts.reduce((sum, { shape }) => sum + shape[0]!, 0), ...first.shape.slice(1)], data };
  });
}

/** The part of the outputs of each request: `counts[i]` items along the first dimension. */
function split(outputs: readonly NumericTensor[], counts: readonly number[]): NumericTensor[][] {
  if (counts.length === 1) return [[...outputs]];
  let first = 0;
  return counts.map((count) => {
    const from = first;
    first += count;
    return outputs.map((output) => {
      const each = elementCount(output.shape.slice(1));
      const data = output.data.slice(from * each, (from + count) * each);
      return { ...output, shape: [count, ...output.shape.slice(1)], data };
    });
  });
}
