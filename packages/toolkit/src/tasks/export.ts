/** @file The task `export`: a network in a format that other runtimes execute. */

import { UsageError } from "../errors.js";
import { exportQdq, type QdqExport } from "../export/export-qdq.js";
import { toTflite } from "../export/tflite/index.js";
import { writeFileAtomic } from "../files.js";
import type { OpenedModel } from "../model-file/index.js";
import type { TaskOptions } from "../options/index.js";
import { openTaskModel } from "./model.js";
import { defineTask, type Run } from "./run.js";

export interface QdqResult extends ExportedFile, Readonly<QdqExport["check"]> {
  readonly format: "qdq";
  readonly reduceRange: boolean;
}

export interface TfliteResult extends ExportedFile {
  readonly format: "tflite";
  /** int8 from a quantized network, float32 from a float one. */
  readonly precision: "int8" | "float32";
}

interface ExportedFile {
  readonly model: string;
  /** The file that was written. */
  readonly out: string;
  readonly bytes: number;
}

export type ExportResult = QdqResult | TfliteResult;

type Options = TaskOptions<"export">;

export const exportModel = defineTask("export", async (options, run): Promise<ExportResult> => {
  const model = await openTaskModel(options.model, options, run);
  return options.format === "tflite" ? exportTflite(model, options) : exportOnnx(model, options, run);
});

async function exportTflite(model: OpenedModel, { out, reduceRange }: Options): Promise<TfliteResult> {
  if (reduceRange)
    throw new UsageError(
      "option-conflict",
      { options: ["format", "reduceRange"] },
      "`reduceRange` belongs to the format qdq; weights in a .tflite keep the range that they have. Leave it out.",
    );
  const bytes = toTflite(model);
  const precision = model.kind === "quantized" ? "int8" : "float32";
  const file = out ?? `${model.name}.${precision}.tflite`;
  await writeFileAtomic(file, bytes);
  return { format: "tflite", model: model.path, out: file, bytes: bytes.length, precision };
}

async function exportOnnx(model: OpenedModel, options: Options, run: Run): Promise<QdqResult> {
  const { reduceRange } = options;
  if (model.kind !== "quantized")
    throw new UsageError(
      "wrong-model-kind",
      { file: model.path, expected: "quantized" },
      `${model.path} is a float network; quantize it first with the task \`quantize\`.`,
    );
  const { bytes, check } = await exportQdq(model.program, { reduceRange });
  const out = options.out ?? `${model.name}.qdq.onnx`;
  await writeFileAtomic(out, bytes);
  if (!check.defaultSessionAgrees)
    run.warning(
      `${out} gives other logits in ONNX Runtime's default session than with session.disable_quant_qdq=1 ` +
        `(largest difference ${check.largestDifference.toPrecision(3)}): 8-bit weights saturate in its uint8×int8 kernels on this CPU. ` +
        "Export with `reduceRange` (7-bit weights).",
    );
  return { format: "qdq", model: model.path, out, bytes: bytes.length, reduceRange, ...check };
}
