/** @file `subbyte export`: a quantized network as quantized ONNX, checked after writing. */

import { defineCommand } from "../command.js";
import { byteSize } from "../output.js";

export const exporting = defineCommand("export", {
  examples: ["export model-w8a8.sbq --format qdq --out model.qdq.onnx"],
  run: async (input, { context, deliver }) => {
    const { exportModel } = await import("@subbyte/toolkit/tasks");
    const result = await exportModel(input, context);
    await deliver(result, `${result.out}: ${byteSize(result.bytes)}; normalized float32 images in, logits out`);
  },
});
