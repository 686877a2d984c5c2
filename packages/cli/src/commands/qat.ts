/** @file `subbyte qat`: quantization-aware training from a float or a quantized network to a `.sbq` file. */

import { defineCommand } from "../command.js";
import { byteSize, percent, table } from "../output.js";

export const qat = defineCommand("qat", {
  examples: [
    "qat runs/resnet20/best.safetensors --data cifar10.tgz --weights 4 --activations 4 --crop-padding 4 --flip",
    "qat model-w2a2.sbq --data photos/ --epochs 3 --lr 0.005 --out runs/w2a2",
  ],
  run: async (input, { context, deliver }) => {
    const { trainQuantizedModel } = await import("@subbyte/toolkit/tasks");
    const { data, validationSplit, ...result } = await trainQuantizedModel(input, context);
    const { test, baseline, best, kept } = result;
    const accuracy = result.history.find(({ epoch }) => epoch === best)?.validationAccuracy ?? baseline;
    const rows = [
      ["before training", validationSplit, baseline === undefined ? "" : percent(baseline)],
      [
        kept === "trained" ? `epoch ${best}` : "kept as it was",
        validationSplit,
        accuracy === undefined ? "" : percent(accuracy),
      ],
      ...(test ? [["file, integer engine", test.split, percent(test.top1)]] : []),
    ];
    await deliver(
      { data, validationSplit, ...result },
      `${table(["network", "images", "accuracy"], rows)}\n${result.out}: ${byteSize(result.bytes)}\n` +
        `subbyte evaluate ${result.out} --data ${data}`,
    );
  },
});
