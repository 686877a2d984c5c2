/** @file The task `compare`: how much each layer of an integer network lost against its float network, and why. */

import { simplifyForImport } from "@subbyte/graph";
import { defined } from "../defined.js";
import { UsageError } from "../errors.js";
import { writeFileAtomic } from "../files.js";
import type { FloatModel, QuantizedModel } from "../model-file/index.js";
import type { TaskOptions } from "../options/index.js";
import { Check, type Closeness, checkImages } from "../quantization/check.js";
import { policyTemplate } from "../quantization/policy-file.js";
import { type Proposal, proposePolicy } from "../quantization/proposal.js";
import { type LayerSensitivity, layerSensitivity } from "../quantization/sensitivity/index.js";
import { sensitivityReport } from "../report/sensitivity-report.js";
import { lift } from "../simulation/lift.js";
import { takeClasses } from "./classes.js";
import { openImagesFor } from "./images.js";
import { asIntegers, openTaskModel } from "./model.js";
import { writePolicyTemplate } from "./policy-template.js";
import { prepareImages } from "./preprocessing.js";
import { defineTask, type Run } from "./run.js";

/** Result of the task `compare`, the noisiest layer first. */
export interface CompareResult {
  readonly path: string;
  readonly float: string;
  /** Number of training images on which both were compared. */
  readonly images: number;
  readonly closeness: Closeness;
  /** The result in words. */
  readonly summary: string;
  /** The layers, the noisiest first. */
  readonly layers: readonly LayerSensitivity[];
  /** More bits for the noisiest layers; absent if these already have 8. */
  readonly proposal?: Proposal;
  /** The policy file with the proposal; absent unless requested. */
  readonly policyTemplate?: string;
  /** The HTML page; absent unless requested. */
  readonly report?: string;
}

/** Number of images that are compared by default; with `eachLayer`, they are evaluated twice per layer. */
const IMAGES = 512;

/** The task `compare`: what each layer of a `.sbq` lost against its float network, and why. */
export const compareModels = defineTask("compare", async (options, run): Promise<CompareResult> => {
  const [quantized, float] = await openBoth(options, run);
  const preparation = prepareImages(quantized, options, run);
  const { limit = IMAGES, seed, report } = options;
  const opened = await openImagesFor(preparation, "train", options, run, { limit, labels: "optional" });
  const { images } = takeClasses(quantized, opened, options, run);
  const session = defined({ threads: options.threads });
  const graph = simplifyForImport(float.graph);
  const { mean, std } = preparation.preprocessing;
  run.phase("measuring");
  const shown = await checkImages(images, { seed, mean, std, calibrationImages: 0, count: IMAGES });
  const check = await Check.of(graph, shown, session);
  const program = lift(quantized.program);
  const closeness = await check.measure(program);
  const summary = check.describe(closeness);
  const layers = await layerSensitivity(
    program,
    shown.batches,
    {
      ...session,
      signal: run.signal,
      ...(options.eachLayer ? { check } : {}),
      onProgress: (done, of) => run.progress(done, of, { unit: "measurements" }),
    },
    graph,
  );
  run.phase("trying more bits");
  const proposal = await proposePolicy(graph, program, layers, images, {
    ...{ seed, mean, std },
    ...session,
    signal: run.signal,
    onProgress: (done, of) => run.progress(done, of, { unit: "measurements" }),
  });
  const { policyTemplate: template } = options;
  if (template !== undefined) {
    if (proposal === undefined) await writePolicyTemplate(template, quantized);
    else await writeFileAtomic(template, policyTemplate(template, float.path, graph, proposal.policy));
  }
  if (report !== undefined) {
    const made = {
      quantized: quantized.path,
      float: float.path,
      images: `${shown.labels.length} training images of ${images.name}`,
      whole: summary,
    };
    const order = graph.nodes.map(({ name }) => name);
    const title = `${quantized.path} against ${float.path}`;
    await writeFileAtomic(report, await sensitivityReport({ title, layers, order, made }));
  }
  return {
    path: quantized.path,
    float: float.path,
    images: shown.labels.length,
    closeness,
    summary,
    layers,
    ...defined({ proposal, policyTemplate: template, report }),
  };
});

/** @throws {UsageError} unless they are an integer network and a float one for the same images */
async function openBoth(options: TaskOptions<"compare">, run: Run): Promise<[QuantizedModel, FloatModel]> {
  const { output: _, ...ofQuantized } = options;
  const quantized = asIntegers(await openTaskModel(options.model, ofQuantized, run), options);
  const float = await openTaskModel(options.compare, options, run);
  if (quantized.kind !== "quantized" || float.kind !== "float")
    throw new UsageError(
      "wrong-model-kind",
      { file: quantized.path, option: "compare", expected: "quantized" },
      "`compare` takes a float network and compares a .sbq with it: inspect model.sbq `compare` model.onnx.",
    );
  const { channels, height, width } = quantized.program.preprocessing;
  const taken = [channels, height, width].join("×");
  if (float.shape.join("×") !== taken)
    throw new UsageError(
      "models-differ",
      { found: float.shape, expected: [channels, height, width] },
      `${float.path} takes images of ${float.shape.join("×")} values, but ${quantized.path} of ${taken}: compare it with the network that it was made from.`,
    );
  return [quantized, float];
}
