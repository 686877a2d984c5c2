/** @file The measurements of `quickstart`: the rows of its table and report. */

import type { ClassifierResult } from "../evaluation/index.js";
import type { EpochRecord } from "../training/index.js";

/** One quantized network. */
export interface QuickstartRow {
  readonly bits: number;
  readonly method: "ranges" | "reconstruction" | "quantization-aware";
  /** Top-1 accuracy of the integer engine on the test images, 0 … 1. */
  readonly accuracy: number;
  /** Share of test images for which the engine and the float simulation choose the same class. */
  readonly agreement: number;
  readonly fileBytes: number;
  /** Bytes of the float32 parameters divided by bytes of the file. */
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
  readonly seconds: number;
}
