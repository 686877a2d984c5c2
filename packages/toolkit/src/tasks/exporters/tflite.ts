/** @file The format `tflite`, for LiteRT: int8 from a quantized network, float32 from a float one. */

import { toTflite } from "../../export/tflite/index.js";
import { writeFileAtomic } from "../../files.js";
import type { OpenedModel } from "../../model-file/index.js";
import { asIntegers } from "../model.js";
import type { ExportedFile, Exporter, ExportOptions } from "./definition.js";

export interface TfliteResult extends ExportedFile {
  readonly format: "tflite";
  /** int8 from a quantized network, float32 from a float one. */
  readonly precision: "int8" | "float32";
}

export const tflite = { own: {}, write } satisfies Exporter;

async function write(opened: OpenedModel, options: ExportOptions): Promise<TfliteResult> {
  const model = asIntegers(opened, options);
  const bytes = toTflite(model);
  const precision = model.kind === "quantized" ? "int8" : "float32";
  const out = options.out ?? `${model.name}.${precision}.tflite`;
  await writeFileAtomic(out, bytes);
  return { format: "tflite", model: model.path, out, bytes: bytes.length, precision };
}
