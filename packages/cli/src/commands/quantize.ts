/** @file `subbyte quantize`: post-training quantization of a float network to a `.sbq` file. */

import { defineCommand } from "../command.js";
import { mixedText } from "../mixed-precision.js";
import { byteSize } from "../output.js";

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
    const { quantizeModel } = await import("@subbyte/toolkit/tasks");
    const result = await quantizeModel(input, context);
    const { out, bytes, floatBytes, weights, activations, mixed, averageBits, policyFile } = result;
    const size = `${out}: ${byteSize(bytes)}, ${byteSize(floatBytes)} before`;
    const means = averageBits && [averageBits.weights, averageBits.activations].map((bits) => bits.toFixed(2));
    await deliver(
      result,
      mixed === undefined || means === undefined
        ? `${size}, weights ${weights} bits, activations ${activations} bits`
        : `${mixedText(mixed)}\n\n${size}, inner layers on average ${means[0]} bits per weight and ${means[1]} per activation\nbit widths in ${policyFile}, for --policy`,
    );
  },
});
