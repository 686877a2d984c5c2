/** @file `subbyte train`: trains a built-in architecture on images. */

import { defineCommand } from "../command.js";
import { percent } from "../output.js";

export const train = defineCommand("train", {
  examples: [
    "train --arch resnet20 --data cifar10.tgz --epochs 30 --crop-padding 4 --flip --out runs/resnet20",
    "train --arch resnet18 --data photos/ --size 128 --from resnet18.pth --lr 0.01 --epochs 5",
    "train --arch resnet20 --data cifar10.tgz --epochs 30 --out runs/resnet20 --resume",
  ],
  run: async (input, { context, deliver }) => {
    const { trainModel } = await import("@subbyte/toolkit/tasks");
    const { weights, validationSplit, ...result } = await trainModel(input, context);
    const { test } = result;
    const last = result.history.at(-1)!;
    await deliver(
      result,
      `epoch ${last.epoch}: loss ${last.trainLoss.toFixed(4)}, ${validationSplit} accuracy ${percent(last.validationAccuracy ?? 0)}; best in epoch ${result.best}\n` +
        (test ? `${test.split} images, epoch ${result.best}: ${percent(test.top1)} of ${test.images}\n` : "") +
        `${weights}: subbyte quantize ${weights} --data ${result.data} --weights 4 --activations 4`,
    );
  },
});
