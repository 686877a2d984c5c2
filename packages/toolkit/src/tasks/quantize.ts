/** @file The task `quantize`: post-training quantization of a float network to a `.sbq` file. */

import { basename } from "node:path";
import { type Program, type Provenance, writeSbq } from "@subbyte/engine";
import type { ModelTime } from "../bench/index.js";
import { UsageError } from "../errors.js";
import { writeFileAtomic } from "../files.js";
import { lower } from "../lowering/lower.js";
import { modelBytes } from "../model-file/index.js";
import { type AverageBits, averageBits } from "../quantization/average-bits.js";
import type { MixedPrecision } from "../quantization/mixed-precision/mixed-precision.js";
import { policyJson } from "../quantization/policy-file.js";
import { bitPolicy, bitWidthBudget } from "./bit-policy.js";
import { openTaskModel } from "./model.js";
import type { Preparation } from "./preprocessing.js";
import { imageTime, type QuantizedFigures, quantizedFigures } from "./quantized-figures.js";
import { guardedStart, NO_DATA } from "./quantized-start.js";
import { defineTask } from "./run.js";

/** Result of the task `quantize`. */
export interface QuantizeResult {
  readonly model: string;
  /** The `.sbq` file. */
  readonly out: string;
  /** Size of the file, and of the float model's file. */
  readonly bytes: number;
  readonly floatBytes: number;
  readonly weights: number;
  readonly activations: number;
  readonly method: string;
  readonly seed: number;
  /** Answers of the file on the integer engine, and of the float network. */
  readonly figures: QuantizedFigures;
  /** Time of one image on one thread of the engine. */
  readonly time: ModelTime;
  /** Sentences that say what was done, and why. */
  readonly log: readonly string[];
  readonly preparation: Preparation;
  /** Warnings, such as a float accuracy near chance. */
  readonly warnings: readonly string[];
  /** The bit widths that a budget gave to layers, their means, and the file with them for `policy`; absent without a budget. */
  readonly mixed?: MixedPrecision;
  readonly averageBits?: AverageBits;
  readonly policyFile?: string;
}

/** The task `quantize`: writes a `.sbq` from a float network, without training. */
export const quantizeModel = defineTask("quantize", async (options, run): Promise<QuantizeResult> => {
  const policy = bitPolicy(options);
  const { method, seed, weights, activations, maxDrop, force } = options;
  const model = await openTaskModel(options.model, options, run);
  if (model.kind !== "float")
    throw new UsageError(
      "wrong-model-kind",
      { file: model.path, expected: "float" },
      `${model.path} is quantized already; give the float network it was made from, or write it as a .sbq with the task \`export\`.`,
    );
  const { quantized, preparation, images, labels, check, log, mixed } = await guardedStart(model, options, run, {
    policy,
    budget: bitWidthBudget(options),
    guard: { maxDrop, force },
  });
  const program = lower(quantized, {
    preprocessing: preparation.preprocessing,
    ...(labels === undefined ? {} : { labels }),
    probabilities: model.probabilities,
    provenance: { command: "quantize", method, seed, source: basename(model.path), sourceHash: model.sha256 },
  });
  const out = options.out ?? `${model.name}-w${weights}a${activations}.sbq`;
  const unmeasured = writeSbq(program);
  await writeFileAtomic(out, unmeasured);
  const policyFile = `${out.replace(/\.sbq$/, "")}-policy.json`;
  if (mixed) await writeFileAtomic(policyFile, policyJson(mixed.layers));
  const made = options.data === NO_DATA;
  const figures = await quantizedFigures(unmeasured, check, images, { made, ...options }, run);
  const { top1 } = figures;
  const bytes = top1 === undefined ? unmeasured : withAccuracy(program, { [`${images.name} ${images.split}`]: top1 });
  if (top1 !== undefined) await writeFileAtomic(out, bytes);
  const result = {
    model: model.path,
    out,
    bytes: bytes.length,
    floatBytes: modelBytes(model),
    weights,
    activations,
    method,
    seed,
    figures,
    time: await imageTime(bytes, run),
    preparation,
    log,
    warnings: run.warnings,
  };
  if (!mixed) return result;
  if (options.maxSize !== undefined && bytes.length > options.maxSize)
    run.warning(
      `the file is larger than \`maxSize\` by ${bytes.length - options.maxSize} bytes; lower it by that number`,
    );
  return { ...result, policyFile, averageBits: averageBits(quantized), mixed };
});

const withAccuracy = (program: Program, accuracy: NonNullable<Provenance["accuracy"]>) =>
  writeSbq({ ...program, provenance: { ...program.provenance, accuracy } });
