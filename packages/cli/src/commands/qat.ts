/** @file `subbyte qat`: quantization-aware training from a float or a quantized network to a `.sbq` file, or to one per bit width. */

import { defineCommand } from "../command.js";

export const qat = defineCommand("qat", {
  examples: [
    "qat runs/resnet20/best.safetensors --data cifar10.tgz --weights 4 --activations 4 --crop-padding 4 --flip",
    "qat runs/resnet20/best.safetensors --data cifar10.tgz --bits 8,6,4,3,2 --crop-padding 4 --flip",
    "qat model-w2a2.sbq --data photos/ --epochs 3 --lr 0.005 --out runs/w2a2",
  ],
  run: async (input, { context, deliver }) => {
    const [{ trainQuantizedModel }, { trainedText }] = await Promise.all([
      import("@subbyte/toolkit/tasks"),
      import("../quantized-text.js"),
    ]);
    const result = await trainQuantizedModel(input, context);
    await deliver(result, trainedText(result));
  },
});
