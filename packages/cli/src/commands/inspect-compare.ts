/** @file `subbyte inspect --compare`: which layer of an integer network lost what against its float network, and why. */

import { simplifyForImport } from "@subbyte/graph";
import {
  Check,
  checkImages,
  type LayerSensitivity,
  layerSensitivity,
  lift,
  openModel,
  sensitivityReport,
  UsageError,
  writeFileAtomic,
} from "@subbyte/toolkit";
import { openImagesFor, preprocessingOf } from "../images.js";
import {
  type CommonOptions,
  type DataOptions,
  type ModelFileOptions,
  openOptions,
  type RunOptions,
  required,
} from "../options.js";
import { percent, table } from "../output.js";
import { startProgress } from "../progress.js";
import { deliver } from "../results.js";

export type CompareOptions = CommonOptions &
  DataOptions &
  ModelFileOptions &
  RunOptions & { readonly eachLayer?: boolean; readonly report?: string };

/** Images compared on; two evaluations a layer with `--each-layer`. */
const IMAGES = 512;

/** Prints the layers of `path`, worst first, against `floatPath`. */
export async function inspectCompare(
  path: string,
  floatPath: string,
  options: CompareOptions,
  signal: AbortSignal,
): Promise<void> {
  const quantized = await openModel(path, openOptions(options));
  const float = await openModel(floatPath, openOptions(options));
  if (quantized.kind !== "quantized" || float.kind !== "float")
    throw new UsageError(
      "wrong-model-kind",
      { file: path, option: "compare", expected: "quantized" },
      "--compare takes a float network and compares a .sbq with it: inspect model.sbq --compare model.onnx.",
    );
  const { channels, height, width } = quantized.program.preprocessing;
  const taken = [channels, height, width].join("×");
  if (float.shape.join("×") !== taken)
    throw new UsageError(
      "models-differ",
      { found: float.shape, expected: [channels, height, width] },
      `${floatPath} takes images of ${float.shape.join("×")} values, ${path} of ${taken}: compare it with the network that it was made from.`,
    );
  const preprocessing = preprocessingOf(quantized, options);
  const source = required(options.data, "--data", "photos/");
  const images = await openImagesFor(preprocessing, source, "train", options, signal, {
    limit: options.limit ?? IMAGES,
  });
  const session = options.threads === undefined ? {} : { threads: options.threads };
  const graph = simplifyForImport(float.graph);
  const { mean, std } = preprocessing;
  const shown = await checkImages(images, { seed: options.seed, mean, std, calibrationImages: 0, count: IMAGES });
  const check = await Check.of(graph, shown, session);
  const program = lift(quantized.program);
  const closeness = await check.measure(program);
  const progress = startProgress("measuring layers", 0, { quiet: options.quiet ?? false });
  try {
    const layers = await layerSensitivity(
      program,
      shown.batches,
      {
        ...session,
        signal,
        ...(options.eachLayer ? { check } : {}),
        onProgress: (done, of) => progress.update(done, "", of),
      },
      graph,
    );
    if (options.report !== undefined) {
      const made = {
        quantized: path,
        float: floatPath,
        images: `${shown.labels.length} training images of ${images.name}`,
        whole: check.describe(closeness),
      };
      const order = graph.nodes.map(({ name }) => name);
      const title = `${path} against ${floatPath}`;
      await writeFileAtomic(options.report, await sensitivityReport({ title, layers, order, made }));
    }
    const whole = `${path} against ${floatPath} on ${shown.labels.length} images: ${check.describe(closeness)}`;
    await deliver(options, { path, float: floatPath, closeness, layers }, `${layerTable(layers)}\n\n${whole}`);
  } finally {
    progress.stop();
  }
}

function layerTable(layers: readonly LayerSensitivity[]): string {
  const measured = layers.some(({ aloneQuantized }) => aloneQuantized !== undefined);
  return table(
    ["layer", "W", "A", "alone dB", "cumulative dB", ...(measured ? ["alone quantized", "kept float"] : []), "cause"],
    layers.map((layer) => [
      layer.layer,
      layer.weightBits,
      layer.inputBits,
      layer.aloneDb.toFixed(1),
      layer.cumulativeDb.toFixed(1),
      ...(measured ? [percent(layer.aloneQuantized?.agreement ?? 0), percent(layer.keptFloat?.agreement ?? 0)] : []),
      layer.cause,
    ]),
  );
}
