/** @file `subbyte export`: a network in a format that other runtimes execute. */

import type { ExportResult } from "@subbyte/toolkit/tasks";
import { defineCommand } from "../command.js";
import { byteSize } from "../output.js";

export const exporting = defineCommand("export", {
  examples: [
    "export model-w8a8.sbq --format qdq --out model.qdq.onnx",
    "export model-w8a8.sbq --format tflite",
    "export resnet20-cifar10.onnx --format tflite",
    "export quantize-static-output.onnx --format sbq",
  ],
  run: async (input, { context, deliver }) => {
    const { exportModel } = await import("@subbyte/toolkit/tasks");
    const result = await exportModel(input, context);
    await deliver(result, `${result.out}: ${byteSize(result.bytes)}; ${interfaceOf(result)}`);
  },
});

function interfaceOf(result: ExportResult): string {
  if (result.format === "sbq") return "RGB bytes in, logits out";
  if (result.format === "qdq") return "normalized float32 images in, logits out";
  const images = result.precision === "int8" ? "RGB bytes" : "normalized float32 images";
  return `${result.precision}; ${images} [1, H, W, C] in, float32 logits out`;
}
