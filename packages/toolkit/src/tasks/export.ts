/** @file The task `export`: a quantized network as quantized ONNX, run after writing. */

import { UsageError } from "../errors.js";
import { exportQdq, type QdqExport } from "../export/export-qdq.js";
import { writeFileAtomic } from "../files.js";
import { openTaskModel } from "./model.js";
import { defineTask } from "./run.js";

export type ExportResult = {
  readonly model: string;
  /** The ONNX file. */
  readonly out: string;
  readonly bytes: number;
  readonly reduceRange: boolean;
} & QdqExport["check"];

export const exportModel = defineTask("export", async (options, run): Promise<ExportResult> => {
  const { reduceRange } = options;
  const model = await openTaskModel(options.model, {});
  if (model.kind !== "quantized")
    throw new UsageError(
      "wrong-model-kind",
      { file: model.path, expected: "quantized" },
      `${model.path} is a float network; quantize it first: subbyte quantize ${model.path}.`,
    );
  const { bytes, check } = await exportQdq(model.program, { reduceRange });
  const out = options.out ?? `${model.name}.${options.format}.onnx`;
  await writeFileAtomic(out, bytes);
  if (!check.defaultSessionAgrees)
    run.warning(
      `${out} gives other logits in ONNX Runtime's default session than with session.disable_quant_qdq=1 ` +
        `(largest difference ${check.largestDifference.toPrecision(3)}): 8-bit weights saturate in its uint8×int8 kernels on this CPU. ` +
        "Export with `reduceRange` (7-bit weights).",
    );
  return { model: model.path, out, bytes: bytes.length, reduceRange, ...check };
});
