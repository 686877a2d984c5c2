/**
 * @file The whole path on embedded data: train a small residual network on MNIST, quantize it at every width by ranges alone, at 3 and
 * 2 bits by reconstruction, at 4 and 2 bits in training, evaluate each on the integer engine.
 */

import { type Preprocessing, writeSbq } from "@subbyte/engine";
import { type Graph, simplifyForImport, writeOnnx } from "@subbyte/graph";
import { openImages } from "../data/index.js";
import type { ImageSet } from "../data/types.js";
import { type ClassifierResult, evaluateClassifier, floatClassifier, integerClassifier } from "../evaluation/index.js";
import { lower } from "../lowering/lower.js";
import { buildModel, countMultiplyAdds, countParameters } from "../models/index.js";
import type { QuantizeOptions } from "../quantization/apply-method.js";
import { trainQuantized } from "../quantization/qat/index.js";
import { quantizeGraph } from "../quantization/quantize.js";
import { simulatedClassifier } from "../simulation/classifier.js";
import type { Run } from "../tasks/run.js";
import { trainingEvents } from "../tasks/training.js";
import { type EpochRecord, type TrainOptions, train } from "../training/index.js";

export interface QuickstartOptions {
  readonly seed: number;
  readonly threads?: number;
}

/** One quantized network. */
export interface QuickstartRow {
  readonly bits: number;
  readonly method: "ranges" | "reconstruction" | "quantization-aware";
  /** Top-1 accuracy of the integer engine on the test images, 0 … 1. */
  readonly accuracy: number;
  /** Share of test images for which the engine and the float simulation name the same class. */
  readonly agreement: number;
  readonly fileBytes: number;
  /** Bytes of the float32 parameters over bytes of the file. */
  readonly compression: number;
}

export interface QuickstartResult {
  readonly architecture: string;
  readonly parameters: number;
  /** Multiply-adds of one image. */
  readonly multiplyAdds: number;
  readonly seed: number;
  readonly float: Pick<ClassifierResult, "top1" | "loss" | "images" | "confusion" | "classes">;
  readonly history: readonly EpochRecord[];
  readonly rows: readonly QuickstartRow[];
  /** Files to use and to show: float, and the most accurate network of some bit widths. */
  readonly models: QuickstartModels;
  readonly seconds: number;
}

export interface QuickstartModels {
  readonly float: { readonly onnx: Uint8Array; readonly accuracy: number };
  /** How images become inputs of the float network; `.sbq` files say it themselves. */
  readonly preprocessing: Preprocessing;
  readonly labels: readonly string[];
  readonly testSet: string;
  /** Widest first. */
  readonly quantized: readonly QuickstartModel[];
}

export interface QuickstartModel extends QuickstartRow {
  readonly sbq: Uint8Array;
}

const ARCHITECTURE = "resnet8";
const TEST_SET = "MNIST test";
/** Mean and standard deviation of MNIST's training images. */
const MEAN = [0.1307];
const STD = [0.3081];
const RANGES_BITS = [8, 7, 6, 5, 4, 3, 2];
const RECONSTRUCTED_BITS = [3, 2];
const TRAINED_BITS = [4, 2];
/** Bit widths whose files are kept. */
const KEPT_BITS = [8, 4, 2];
const CALIBRATION_IMAGES = 512;
/** Few, for a look within seconds. Digits have no mirror images. */
const RECONSTRUCTION = { iterations: 500, endToEnd: 200, mirror: false };

export const runQuickstart = (options: QuickstartOptions, run: Run): Promise<QuickstartResult> =>
  new Quickstart(options, run).measure();

class Quickstart {
  readonly #made: QuickstartModel[] = [];

  constructor(
    readonly options: QuickstartOptions,
    readonly run: Run,
  ) {}

  async measure(): Promise<QuickstartResult> {
    const begun = performance.now();
    const { seed } = this.options;
    const { run } = this;
    run.phase("opening images");
    const trainImages = await openImages("mnist", { split: "train", cache: run.cache });
    const testImages = await openImages("mnist", { split: "test", cache: run.cache });

    run.note(`${ARCHITECTURE} is trained on ${trainImages.length} images.`);
    const initial = buildModel(ARCHITECTURE, {
      classes: testImages.classes.length,
      channels: 1,
      size: trainImages.width,
      seed,
    });
    const trained = await train({
      graph: initial,
      ...this.#training(trainImages),
      epochs: 6,
      optimizer: { name: "sgd", momentum: 0.9, nesterov: true },
      rate: { learningRate: 0.1, schedule: { name: "one-cycle" } },
    });
    const float = simplifyForImport(trained.graph);

    run.phase("evaluating", "float network");
    const floatResult = await this.#evaluateFloat(float, testImages);
    const parameters = countParameters(initial);
    const preprocessing: Preprocessing = {
      channels: 1,
      height: trainImages.height,
      width: trainImages.width,
      resize: "exact",
      mean: MEAN,
      std: STD,
    };

    const calibrated = new Map<number, Graph>();
    for (const bits of RANGES_BITS) {
      run.phase("quantizing", `${bits} bits by ranges`);
      const graph = await this.#quantize(float, trainImages, bits, { method: "mse" });
      calibrated.set(bits, graph);
      await this.#record(graph, bits, "ranges", testImages, preprocessing, parameters);
    }
    for (const bits of RECONSTRUCTED_BITS) {
      run.phase("learning", `${bits} bits by reconstruction`);
      const how = { method: "reconstruct", reconstruction: RECONSTRUCTION };
      const graph = await this.#quantize(float, trainImages, bits, how);
      await this.#record(graph, bits, "reconstruction", testImages, preprocessing, parameters);
    }
    for (const bits of TRAINED_BITS) {
      const { graph } = await trainQuantized({
        graph: calibrated.get(bits)!,
        ...this.#training(trainImages),
        epochs: 5,
        // Without batch norm, folded by now, SGD diverges at rates that would move a 2-bit weight; Adam's steps are bounded.
        optimizer: { name: "adamw" },
        rate: { learningRate: 1.5e-3, schedule: { name: "cosine" } },
      });
      await this.#record(graph, bits, "quantization-aware", testImages, preprocessing, parameters);
    }
    const { top1, loss, images, confusion, classes } = floatResult;
    const best = (bits: number) =>
      this.#made.filter((model) => model.bits === bits).reduce((a, b) => (b.accuracy >= a.accuracy ? b : a));
    return {
      architecture: ARCHITECTURE,
      parameters,
      multiplyAdds: countMultiplyAdds(initial),
      seed,
      float: { top1, loss, images, confusion, classes },
      history: trained.history,
      rows: this.#made.map(({ sbq: _, ...row }) => row),
      models: {
        float: { onnx: writeOnnx(float), accuracy: top1 },
        preprocessing,
        labels: testImages.classes,
        testSet: TEST_SET,
        quantized: KEPT_BITS.map(best),
      },
      seconds: (performance.now() - begun) / 1000,
    };
  }

  #training(images: ImageSet): Omit<TrainOptions, "graph" | "epochs" | "optimizer" | "rate"> {
    const { seed } = this.options;
    return {
      images,
      batchSize: 64,
      mean: MEAN,
      std: STD,
      seed,
      weightDecay: 1e-4,
      session: this.#threads,
      signal: this.run.signal,
      onProgress: trainingEvents(this.run),
    };
  }

  get #threads(): { readonly threads?: number } {
    return this.options.threads === undefined ? {} : { threads: this.options.threads };
  }

  async #evaluateFloat(graph: Graph, images: ImageSet): Promise<ClassifierResult> {
    const shape = [images.channels, images.height, images.width] as const;
    const classifier = await floatClassifier(graph, shape, { mean: MEAN, std: STD, ...this.#threads });
    try {
      return await evaluateClassifier(classifier.classify, images);
    } finally {
      await classifier.close();
    }
  }

  #quantize(
    float: Graph,
    images: ImageSet,
    bits: number,
    how: Pick<QuantizeOptions, "method" | "reconstruction">,
  ): Promise<Graph> {
    const { seed } = this.options;
    return quantizeGraph(float, images, {
      ...how,
      policy: { weights: bits, activations: bits },
      seed,
      mean: MEAN,
      std: STD,
      calibrationImages: CALIBRATION_IMAGES,
      ...this.#threads,
      signal: this.run.signal,
    });
  }

  async #record(
    graph: Graph,
    bits: number,
    method: QuickstartRow["method"],
    images: ImageSet,
    preprocessing: Preprocessing,
    parameters: number,
  ): Promise<void> {
    const provenance = { command: "quickstart", seed: this.options.seed, method: `${method}, ${bits} bits` };
    const program = lower(graph, { preprocessing, labels: images.classes, provenance });
    const engine = await integerClassifier(writeSbq(program), this.#threads);
    const simulation = await simulatedClassifier(graph, { mean: MEAN, std: STD, ...this.#threads });
    try {
      const integer = await evaluateClassifier(engine.classify, images);
      const simulated = await evaluateClassifier(simulation.classify, images);
      const same = integer.predictions.filter((predicted, i) => predicted === simulated.predictions[i]).length;
      const accuracy = { [TEST_SET]: integer.top1 };
      const sbq = writeSbq({ ...program, provenance: { ...provenance, accuracy } });
      this.#made.push({
        sbq,
        bits,
        method,
        accuracy: integer.top1,
        agreement: same / images.length,
        fileBytes: sbq.length,
        compression: (4 * parameters) / sbq.length,
      });
    } finally {
      await engine.close();
      await simulation.close();
    }
  }
}
