/** @file `subbyte quantize`: post-training quantization of a float network to a `.sbq` file. */

import { defineCommand } from "../command.js";

export const quantize = defineCommand("quantize", {
  examples: [
    "quantize model.onnx --data photos/ --weights 4 --activations 4",
    "quantize resnet20.th --arch resnet20 --data cifar10.tgz --weights 8 --activations 8 --out resnet20-w8a8.sbq",
    "quantize model.onnx --data photos/ --weights 4 --activations 4 --policy policy.yaml",
    "quantize model.onnx --data photos/ --weights 3 --activations 4 --method reconstruct --checkpoint learned.state",
    "quantize model.onnx --data photos/ --avg-bits 4",
    "quantize model.onnx --data photos/ --max-time 12",
    "quantize resnet20.th --arch resnet20 --data none --weights 4 --activations 4",
  ],
  run: async (input, { context, deliver }) => {
    const [{ quantizeModel }, { quantizedText }] = await Promise.all([
      import("@subbyte/toolkit/tasks"),
      import("../quantized-text.js"),
    ]);
    const result = await quantizeModel(input, context);
    await deliver(result, quantizedText(result));
  },
});
