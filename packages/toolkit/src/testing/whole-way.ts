/**
 * @file An ONNX file from its bytes to the integer engine: read, compared with ONNX Runtime, quantized, run, and compared with
 * the exact simulation. Tests and the table of networks that run share it.
 */

import { readFile } from "node:fs/promises";
import { writeSbq } from "@subbyte/engine";
import {
  type Dim,
  type DType,
  evaluate,
  expandForInference,
  type Graph,
  importClassifier,
  readOnnx,
  type Tensor,
  type TypedArray,
} from "@subbyte/graph";
import { normalize } from "../data/normalize.js";
import { integerClassifier } from "../evaluation/integer-classifier.js";
import { lower } from "../lowering/lower.js";
import { externalDataBeside } from "../model-file/external-data.js";
import { composedNormalization, outerNormalization } from "../model-file/file-normalization.js";
import { type CalibratedModel, type FloatModel, openModel } from "../model-file/index.js";
import { insertFakeQuant } from "../quantization/insert.js";
import { setRanges } from "../quantization/ranges.js";
import { Random } from "../random.js";
import { createSession } from "../runtime/session.js";
import { codesClassifier } from "../simulation/classifier.js";
import { simulateCodes } from "../simulation/codes.js";

export interface WholeWayOptions {
  /** Bit widths, each for both weights and activations, 8 and 4 by default; a file that is quantized has its own. */
  readonly bits?: readonly number[];
  /** Random images to run. */
  readonly images?: number;
  readonly size?: number;
}

export interface WholeWay {
  /** Largest difference of the imported network's outputs from the file's own in ONNX Runtime, in units of the largest output. */
  readonly difference: number;
  readonly quantized: readonly IntegerRun[];
}

export interface IntegerRun {
  readonly bits: number;
  /** Number of logits of the engine that differ from those of the simulation on codes in any bit. */
  readonly differing: number;
  /** Number of different logits among all images; 1 means that the network always gives the same answer. */
  readonly distinct: number;
  /** Layers for which the simulation is not proved to be exact. */
  readonly unproved: readonly string[];
}

/** Used for files that do not show how their images are normalized. */
const unknownNormalization = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

export async function wholeWay(path: string, options: WholeWayOptions = {}): Promise<WholeWay> {
  const { bits = [8, 4], images: count = 3, size } = options;
  const sized = size === undefined ? {} : { size };
  const model = (await openModel(path, sized)) as FloatModel | CalibratedModel;
  const [channels, height, width] = model.shape;
  const random = new Random(1);
  const images = Uint8Array.from({ length: count * channels * height * width }, () => random.integer(256));

  const outer = outerNormalization(model.input!, channels) ?? channelsOf(unknownNormalization, channels);
  const inner = composedNormalization(outer, model.input!.normalization);
  const normalized = (bytes: Uint8Array, { mean, std }: typeof inner) =>
    normalize(bytes, { channels: channels as 1 | 3, mean, std, pixels: height * width });
  const feed: Tensor = { dtype: "float32", shape: [count, ...model.shape], data: normalized(images, inner) };

  const { graph: imported } = importClassifier(
    readOnnx(await readFile(path), { floats: "float32", externalData: externalDataBeside(path) }),
    sized,
  );
  const expected = await ownOutputs(path, normalized(images, outer), { count, shape: model.shape });
  const actual = await outputOf(imported, feed);

  const preprocessing = { channels: channels as 1 | 3, height, width, resize: "exact", ...inner } as const;
  const batches = async function* () {
    yield feed;
  };
  const quantized: IntegerRun[] = [];
  const atBits = (each: number) =>
    setRanges(insertFakeQuant(model.graph, { weights: each, activations: each }), { batches }, ranges);
  for (const each of model.kind === "float" ? bits : [8]) {
    const program = lower(model.kind === "float" ? await atBits(each) : model.graph, { preprocessing });
    const batch = { images, count, labels: new Int32Array(count) };
    const engine = await integerClassifier(writeSbq(program), { threads: 1 });
    const simulation = await codesClassifier(program, { threads: 1 });
    const [own, simulated] = [await engine.classify(batch), await simulation.classify(batch)];
    await Promise.all([engine.close(), simulation.close()]);
    quantized.push({
      bits: each,
      differing: own.filter((value, i) => value !== simulated[i]).length,
      distinct: new Set(own).size,
      unproved: simulateCodes(program).unproved,
    });
  }
  return { difference: relativeDifference(actual, expected), quantized };
}

const ranges = { method: "mse", threads: 1 } as const;

const channelsOf = ({ mean, std }: typeof unknownNormalization, channels: number) => ({
  mean: mean.slice(0, channels),
  std: std.slice(0, channels),
});

async function outputOf(graph: Graph, feed: Tensor): Promise<Float32Array> {
  const session = await createSession(expandForInference(graph), { threads: 1 });
  const results = await session.run({ [session.inputs[0]!]: feed });
  await session.release();
  return results[session.outputs[0]!]!.data as Float32Array;
}

/** The first output of the unchanged file for images [N, C, H, W]; the images run one by one if the file takes only one. */
async function ownOutputs(
  path: string,
  images: Float32Array,
  { count, shape }: { readonly count: number; readonly shape: readonly [number, number, number] },
): Promise<readonly number[]> {
  const bytes = new Uint8Array(await readFile(path));
  const load = externalDataBeside(path);
  let isWhole = true;
  const graph = readOnnx(bytes, {
    externalData(...location) {
      isWhole = false;
      return load(...location);
    },
  });
  const { dtype, shape: own } = graph.inputs[0]!;
  // ONNX Runtime finds a second file only if it opens the first one itself, and it has no float64 convolution.
  const run = dtype === "float64" ? referenceOf(graph) : await runtimeOf(isWhole ? bytes : graph);
  const results: number[] = [];
  for (let n = 0; n < count; n++) {
    const image = images.subarray((n * images.length) / count, ((n + 1) * images.length) / count);
    const { data } = await run(inOwnForm(image, shape, dtype, own!));
    results.push(...Array.from(data as ArrayLike<number>, Number));
  }
  return results;
}

const referenceOf =
  (graph: Graph) =>
  async (image: Tensor): Promise<Tensor> =>
    evaluate(graph, new Map([[graph.inputs[0]!.name, image]])).get(graph.outputs[0]!)!;

async function runtimeOf(model: Graph | Uint8Array) {
  const session = await createSession(model, { threads: 1 });
  return async (image: Tensor): Promise<Tensor> =>
    (await session.run({ [session.inputs[0]!]: image }))[session.outputs[0]!]!;
}

const arrays = { float32: Float32Array, float64: Float64Array, uint8: Uint8Array } as const;

function inOwnForm(
  image: Float32Array,
  [channels, height, width]: readonly number[],
  dtype: DType,
  own: readonly Dim[],
): Tensor {
  const isLast = own.length === 4 && own[3] === channels && own[1] !== channels;
  const pixels = height! * width!;
  const data = isLast ? image.map((_, at) => image[(at % channels!) * pixels + Math.floor(at / channels!)]!) : image;
  const dims = isLast ? [height!, width!, channels!] : [channels!, height!, width!];
  const shape = own.length === 4 ? [1, ...dims] : own.map((dim) => (typeof dim === "number" ? dim : 1));
  return { dtype, shape, data: arrays[dtype as keyof typeof arrays].from(data) as TypedArray };
}

function relativeDifference(actual: ArrayLike<number>, expected: readonly number[]): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!))) / largest;
}
