/** @file Opens a model file of any kind, recognised by its content: ONNX, `.sbq`, PyTorch checkpoint, safetensors. */

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { FormatError, isSbq, type Program, readSbq } from "@subbyte/engine";
import {
  adviceFor,
  type FileInput,
  type Graph,
  importClassifier,
  inferTypes,
  ModelError,
  type PassOptions,
  readOnnx,
  withReversedChannels,
} from "@subbyte/graph";
import { defined } from "../defined.js";
import { DataError } from "../errors.js";
import { buildModel, type Stem } from "../models/index.js";
import { isFakeQuant } from "../quantization/fake-quant.js";
import { applyWeights } from "../weights/apply.js";
import { isWeightsFile, loadWeights } from "../weights/index.js";
import { type ImageDescription, readImageDescription, readModelDescription } from "./description.js";
import { externalDataBeside } from "./external-data.js";
import { fittingArchitecture } from "./fitting.js";
import { classifierHead, type Head } from "./head.js";

/** Options of `openModel`. Most are for checkpoints, which have weights but no network. */
export interface OpenModelOptions {
  /** Built-in architecture of a checkpoint's weights; checkpoints from `train` name theirs. */
  readonly architecture?: string;
  /** Number of classes of a checkpoint's network; by default that of its last layer. */
  readonly classes?: number;
  readonly size?: number;
  readonly channels?: 1 | 3;
  readonly stem?: Stem;
  /** Output of an ONNX file to classify by; by default the first with the shape of logits. */
  readonly output?: string;
  /** Order in which a float network takes the channels of its images, RGB by default. The opened graph always takes RGB. */
  readonly channelOrder?: "rgb" | "bgr";
  /** Called after each pass that simplifies an ONNX file. */
  readonly onPass?: PassOptions["onPass"];
}

interface OpenedFile {
  readonly name: string;
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Hash of the file, and of the weights in files beside it in the order in which they are read. Hexadecimal. */
  readonly sha256: string;
}

interface OpenedNetwork extends OpenedFile {
  /** Bytes of weights that were read from files beside it. */
  readonly externalBytes?: number;
  /**
   * The network. Its output is logits even if the file ends in a Softmax or Sigmoid, and two logits for a binary classifier.
   */
  readonly graph: Graph;
  /** How the file computes class probabilities from the logits. */
  readonly probabilities: Head["probabilities"];
  /** Sentences that tell the user what was chosen, such as one of several outputs. */
  readonly notes: readonly string[];
  /**
   * The model for ONNX Runtime: the bytes of the file if its inputs and outputs are those of the graph, else the
   * graph.
   */
  readonly executable: Graph | Uint8Array;
  /** `[C, H, W]` */
  readonly shape: readonly [number, number, number];
  readonly classes: number;
  /** How images are prepared, and the names of the classes; only in files of `train` and `export`. */
  readonly description?: ImageDescription;
  /** How the file takes its images; only for ONNX. */
  readonly input?: FileInput;
}

/** A float network. */
export interface FloatModel extends OpenedNetwork {
  readonly kind: "float";
}

/** An ONNX file of quantized layers (QuantizeLinear, DequantizeLinear): its graph has FakeQuant nodes with their scales. */
export interface CalibratedModel extends OpenedNetwork {
  readonly kind: "calibrated";
}

/** An integer network. */
export interface QuantizedModel extends OpenedFile {
  readonly kind: "quantized";
  readonly program: Program;
}

/** An opened model file; `kind` tells which. */
export type OpenedModel = FloatModel | CalibratedModel | QuantizedModel;

/** Bytes of a model on disk, including files beside it. */
export const modelBytes = (model: OpenedModel): number =>
  model.bytes.length + (("externalBytes" in model ? model.externalBytes : undefined) ?? 0);

/**
 * Opens a model file by its content: ONNX, `.sbq`, PyTorch checkpoint or safetensors. ONNX files are simplified.
 *
 * @throws {UsageError} for a checkpoint without `architecture` whose weights fit no built-in one, or several
 * @throws {DataError} for a damaged checkpoint, or weights that do not fit
 * @throws {ModelError} for a damaged or unsupported model
 */
export async function openModel(path: string, options: OpenModelOptions = {}): Promise<OpenedModel> {
  const bytes = new Uint8Array(
    await readFile(path).catch((error: unknown) => {
      throw Object.assign(error as Error, { path }); // If the path is a folder, Node's error lacks it.
    }),
  );
  const file: OpenedFile = {
    name: basename(path).replace(/\.[^.]+$/, ""),
    path,
    bytes,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
  if (isWeightsFile(bytes)) return openCheckpoint(file, options);
  try {
    if (isSbq(bytes)) return { ...file, kind: "quantized", program: readSbq(bytes) };
    const network = openOnnx(file, options);
    return { ...file, kind: network.graph.nodes.some(isFakeQuant) ? "calibrated" : "float", ...network };
  } catch (error) {
    // The readers get bytes and do not know the file's path.
    if (error instanceof ModelError) throw error.inFile(path);
    if (error instanceof FormatError)
      throw new ModelError(
        "unreadable-sbq",
        { file: path, place: error.field, reason: error.message },
        `${path} is a damaged .sbq file, or one of another version: ${error.message}. Fetch or write it again.`,
        { cause: error },
      );
    throw error;
  }
}

function openOnnx(
  { path, bytes }: OpenedFile,
  { size, output, channelOrder, onPass }: OpenModelOptions,
): Omit<OpenedNetwork, Exclude<keyof OpenedFile, "sha256">> {
  let isPlain = true;
  let externalBytes = 0;
  const hash = createHash("sha256").update(bytes);
  let metadata: Readonly<Record<string, string>> = {};
  const loader = externalDataBeside(path);
  const read = readOnnx(bytes, {
    floats: "float32",
    externalData(...location) {
      isPlain = false;
      const data = loader(...location);
      externalBytes += data.length;
      hash.update(data);
      return data;
    },
    onWidened() {
      isPlain = false;
    },
    onOutdated() {
      isPlain = false;
    },
    onMetadata(found) {
      metadata = found;
    },
  });
  const { graph: imported, input } = importClassifier(read, defined({ size, onPass }));
  const { graph: classifier, probabilities, notes } = classifierHead(imported, output);
  const graph = channelOrder === "bgr" ? withReversedChannels(classifier) : classifier;
  const isSame =
    isPlain &&
    graph === imported &&
    input.normalization === undefined &&
    input.changes.length === 0 &&
    JSON.stringify([read.inputs, read.outputs]) === JSON.stringify([graph.inputs, graph.outputs]);
  const { shape, classes } = interfaceOf(graph);
  return {
    sha256: hash.digest("hex"),
    graph,
    executable: isSame ? bytes : graph,
    probabilities,
    notes,
    input,
    externalBytes,
    shape,
    classes,
    ...defined({ description: readImageDescription(metadata, path, { channels: shape[0], classes }) }),
  };
}

async function openCheckpoint(file: OpenedFile, options: OpenModelOptions): Promise<FloatModel> {
  const weights = await loadWeights(file.bytes, file.path);
  const description = readModelDescription(weights.metadata, file.path);
  if (description && ![...weights.tensors.values()].some(({ shape }) => shape[0] === description.classes))
    throw new DataError(
      "damaged-metadata",
      { source: file.path, reason: "classes" },
      `${file.path} describes a network of ${description.classes} classes, but has no tensor with as many rows; the file is damaged`,
    );
  const classes = options.classes ?? description?.classes ?? headClasses(weights.tensors);
  const stated = options.architecture ?? description?.architecture;
  const fit =
    stated === undefined ? fittingArchitecture(weights.tensors, file.path, { ...options, classes }) : undefined;
  const { size, channels, stem } = { ...fit, ...description, ...defined(options) };
  const architecture = stated ?? fit!.architecture;
  const graph = buildModel(architecture, { classes, ...defined({ size, channels, stem }), initialize: false });
  const built = applyWeights(graph, weights.tensors, { source: file.path }).graph;
  const applied = options.channelOrder === "bgr" ? withReversedChannels(built) : built;
  return {
    ...file,
    kind: "float",
    graph: applied,
    executable: applied,
    probabilities: "softmax",
    notes: fit ? [`its weights are those of ${fit.title}, and fit no other built-in architecture`] : [],
    ...interfaceOf(applied),
    ...(description ? { description } : {}),
  };
}

/** Rows of the last weight matrix of a checkpoint. */
function headClasses(tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>): number {
  const matrices = [...tensors.values()].filter((tensor) => tensor.shape.length === 2);
  return matrices.at(-1)?.shape[0] ?? 1000;
}

/**
 * `[C, H, W]` and the number of classes of a classifier.
 * @throws {ModelError} for a network whose input is not one image or whose output is not logits
 */
export function interfaceOf(graph: Graph): Pick<FloatModel, "shape" | "classes"> {
  const [input] = graph.inputs;
  const shape = input?.shape?.slice(1);
  const image = shape?.length === 3 && shape.every((dim) => typeof dim === "number");
  if (!input || graph.inputs.length !== 1 || input.dtype !== "float32" || !image) {
    const inputs = graph.inputs.map((each) => `${each.name}: ${each.dtype}[${each.shape ?? "?"}]`);
    throw new ModelError(
      "not-a-classifier",
      { graph: graph.name, found: inputs, expected: "one float32 [N, C, H, W]" },
      `"${graph.name}" takes ${inputs.join(", ")}; ` +
        `an image classifier takes one float32 [N, C, H, W] with fixed C, H and W. ${inputAdvice(shape, graph)}`,
    );
  }
  const [output] = graph.outputs;
  const logits = output === undefined ? undefined : inferTypes(graph).get(output)?.shape;
  const classes = logits?.[1];
  if (logits?.length !== 2 || typeof classes !== "number")
    throw new ModelError(
      "not-a-classifier",
      { graph: graph.name, found: [...(logits ?? [])], expected: "[N, classes]" },
      `"${graph.name}" gives [${logits ?? "?"}]; an image classifier gives logits [N, classes]. ${adviceFor(graph, [])}`,
    );
  return { shape: shape as [number, number, number], classes };
}

/** Advice about an input that is not the image of a classifier. */
function inputAdvice(shape: Graph["inputs"][number]["shape"], { inputs }: Graph): string {
  if (inputs.length !== 1) return "Export the part of the network that takes the image.";
  if (shape?.length === 3 && shape.slice(1).some((dim) => typeof dim === "string"))
    return "Give the image size, because height and width are open.";
  return "Export it with fixed sizes and one image as input.";
}
