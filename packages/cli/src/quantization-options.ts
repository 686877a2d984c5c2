/** @file The options of `quantize` and `qat` that say how a network is quantized after training, and what the toolkit makes of them. */

import { AUTO, calibrationImagesDefault, type GuardedOptions, methods } from "@subbyte/toolkit";
import type { Command } from "commander";
import type { BudgetOptions } from "./mixed-precision.js";
import {
  type CommonOptions,
  type DataOptions,
  decimal,
  integer,
  type ModelFileOptions,
  type RunOptions,
  type WidthOptions,
  withWidthOptions,
} from "./options.js";

export type QuantizationOptions = CommonOptions &
  BudgetOptions &
  DataOptions &
  ModelFileOptions &
  RunOptions &
  WidthOptions & {
    readonly method: string;
    readonly calibrationImages: number;
    readonly iterations?: number;
    readonly endToEnd?: number;
    readonly mirror: boolean;
    readonly percentile?: number;
    readonly checkpoint?: string;
    readonly equalize?: boolean;
    readonly biasCorrection?: boolean;
    readonly maxDrop?: number;
    readonly force?: boolean;
  };

export function withQuantizationOptions(command: Command): Command {
  return withWidthOptions(command)
    .option("--method <name>", `${AUTO} (the cheapest that suffices), or ${Object.keys(methods).join(", ")}`, AUTO)
    .option(
      "--calibration-images <n>",
      "training images that ranges are measured on",
      integer(),
      calibrationImagesDefault,
    )
    .option("--percentile <percent>", "values within a range, for --method percentile", decimal(0))
    .option("--equalize", "cross-layer equalization first: channels of neighbouring layers share their ranges")
    .option("--bias-correction", "takes the mean errors of rounded weights off the biases")
    .option("--iterations <n>", "steps for each block, for methods that learn", integer())
    .option("--end-to-end <n>", "steps for the whole network after its blocks, for --method reconstruct", integer(0))
    .option("--no-mirror", "does not learn from mirror images of the calibration images: for digits and text")
    .option("--checkpoint <file>", "methods that learn keep their state here, and go on from it");
}

/** What decides the network, but for the widths and the images. */
export const quantizationOptions = (options: QuantizationOptions): Omit<GuardedOptions, "policy" | "mean" | "std"> => ({
  method: options.method,
  seed: options.seed,
  calibrationImages: options.calibrationImages,
  reconstruction: {
    mirror: options.mirror,
    ...(options.iterations === undefined ? {} : { iterations: options.iterations }),
    ...(options.endToEnd === undefined ? {} : { endToEnd: options.endToEnd }),
  },
  ...(options.threads === undefined ? {} : { threads: options.threads }),
  ...(options.percentile === undefined ? {} : { percentile: options.percentile }),
  ...(options.checkpoint === undefined ? {} : { checkpoint: { path: options.checkpoint, resume: true } }),
  ...(options.equalize ? { equalize: true } : {}),
  ...(options.biasCorrection ? { biasCorrection: true } : {}),
  ...(options.maxDrop === undefined ? {} : { maxDrop: options.maxDrop }),
  ...(options.force ? { force: true } : {}),
});
