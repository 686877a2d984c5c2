/** @file `subbyte qat`: quantization-aware training from a float or a quantized network to a `.sbq` file. */

import { defineCommand } from "../command.js";
import { byteSize, percent } from "../output.js";

export const qat = defineCommand("qat", {
  examples: [
    "qat runs/resnet20/best.safetensors --data cifar10.tgz --weights 4 --activations 4 --epochs 5 --crop-padding 4 --flip",
    "qat model-w2a2.sbq --data photos/ --epochs 3 --lr 0.005 --out runs/w2a2",
  ],
  run: async (input, { context, deliver }) => {
    const { trainQuantizedModel } = await import("@subbyte/toolkit/tasks");
    const { data, validationSplit, ...result } = await trainQuantizedModel(input, context);
    const accuracy = result.history.find(({ epoch }) => epoch === result.best)?.validationAccuracy;
    await deliver(
      result,
      `${result.out}: ${byteSize(result.bytes)}, simulated ${validationSplit} accuracy ${percent(accuracy ?? 0)} in epoch ${result.best}\n` +
        `subbyte evaluate ${result.out} --data ${data}`,
    );
  },
});
