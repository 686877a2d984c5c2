/** @file The task `export`: a network in a format that other runtimes execute. */

import { UsageError } from "../errors.js";
import { exportQdq, type QdqExport } from "../export/export-qdq.js";
import { toTflite } from "../export/tflite/index.js";
import { writeFileAtomic } from "../files.js";
import type { FloatModel, OpenedModel, QuantizedModel } from "../model-file/index.js";
import type { TaskOptions } from "../options/index.js";
import { asIntegers, openTaskModel } from "./model.js";
import { type Preparation, prepareImages } from "./preprocessing.js";
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

/** The file of the engine, from a quantized ONNX file. */
export interface SbqResult extends ExportedFile {
  readonly format: "sbq";
  readonly preparation: Preparation;
}

/** Result of the task `export`; its field `format` tells which of these it is. */
export type ExportResult = QdqResult | TfliteResult | SbqResult;

type Options = TaskOptions<"export">;

/** The task `export`: writes a network for another runtime. */
export const exportModel = defineTask("export", async (options, run): Promise<ExportResult> => {
  const opened = await openTaskModel(options.model, options, run);
  if (options.format === "sbq") return exportSbq(opened, options, run);
  const foreign = (["mean", "std", "resizeTo"] as const).find((name) => run.given.has(name));
  if (foreign)
    throw new UsageError(
      "option-conflict",
      { options: ["format", foreign] },
      `\`${foreign}\` belongs to the format sbq, whose files have their normalization in them. Leave it out.`,
    );
  const model = asIntegers(opened, options);
  return options.format === "tflite" ? exportTflite(model, options) : exportOnnx(model, options, run);
});

async function exportSbq(opened: OpenedModel, options: Options, run: Run): Promise<SbqResult> {
  refuseReducedRange(options);
  if (opened.kind !== "calibrated")
    throw new UsageError(
      "wrong-model-kind",
      { file: opened.path, expected: "quantized" },
      opened.kind === "float"
        ? `${opened.path} is a float network; the task \`quantize\` makes a .sbq of it.`
        : `${opened.path} is a .sbq already.`,
    );
  const preparation = prepareImages(opened, options, run);
  const { bytes } = asIntegers(opened, options);
  const out = options.out ?? `${opened.name}.sbq`;
  await writeFileAtomic(out, bytes);
  return { format: "sbq", model: opened.path, out, bytes: bytes.length, preparation };
}

function refuseReducedRange({ format, reduceRange }: Options): void {
  if (reduceRange)
    throw new UsageError(
      "option-conflict",
      { options: ["format", "reduceRange"] },
      `\`reduceRange\` belongs to the format qdq; weights in a .${format} keep the range that they have. Leave it out.`,
    );
}

async function exportTflite(model: FloatModel | QuantizedModel, options: Options): Promise<TfliteResult> {
  refuseReducedRange(options);
  const { out } = options;
  const bytes = toTflite(model);
  const precision = model.kind === "quantized" ? "int8" : "float32";
  const file = out ?? `${model.name}.${precision}.tflite`;
  await writeFileAtomic(file, bytes);
  return { format: "tflite", model: model.path, out: file, bytes: bytes.length, precision };
}

async function exportOnnx(model: FloatModel | QuantizedModel, options: Options, run: Run): Promise<QdqResult> {
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
