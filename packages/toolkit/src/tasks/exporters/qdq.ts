/** @file The format `qdq`: ONNX with QuantizeLinear and DequantizeLinear, checked by a run. */

import { UsageError } from "../../errors.js";
import { exportQdq, type QdqExport } from "../../export/export-qdq.js";
import { writeFileAtomic } from "../../files.js";
import type { OpenedModel } from "../../model-file/index.js";
import { asIntegers } from "../model.js";
import type { Run } from "../run.js";
import type { ExportedFile, Exporter, ExportOptions } from "./definition.js";

export interface QdqResult extends ExportedFile, Readonly<QdqExport["check"]> {
  readonly format: "qdq";
  readonly reduceRange: boolean;
}

export const qdq = {
  own: { reduceRange: "weights in files of other formats keep the range that they have" },
  write,
} satisfies Exporter;

async function write(opened: OpenedModel, options: ExportOptions, run: Run): Promise<QdqResult> {
  const model = asIntegers(opened, options);
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
