/** @file `subbyte qat`: quantization-aware training from a float or a quantized network to a `.sbq` file, or to one per bit width. */

import type { QatStage } from "@subbyte/toolkit/tasks";
import { defineCommand } from "../command.js";
import { byteSize, percent, table } from "../output.js";

export const qat = defineCommand("qat", {
  examples: [
    "qat runs/resnet20/best.safetensors --data cifar10.tgz --weights 4 --activations 4 --crop-padding 4 --flip",
    "qat runs/resnet20/best.safetensors --data cifar10.tgz --bits 8,6,4,3,2 --crop-padding 4 --flip",
    "qat model-w2a2.sbq --data photos/ --epochs 3 --lr 0.005 --out runs/w2a2",
  ],
  run: async (input, { context, deliver }) => {
    const { trainQuantizedModel } = await import("@subbyte/toolkit/tasks");
    const result = await trainQuantizedModel(input, context);
    const header = ["network", `before, ${result.validationSplit}`, `after, ${result.validationSplit}`];
    const tested = result.stages.find(({ test }) => test)?.test;
    const rows = result.stages.map((stage) => [
      `${stage.bits === undefined ? "" : `${stage.bits} bits, `}${stage.kept === "trained" ? `epoch ${stage.best}` : "kept as it was"}`,
      shown(stage.baseline),
      shown(accuracyOf(stage)),
      ...(tested ? [shown(stage.test?.top1)] : []),
      byteSize(stage.bytes),
      stage.out,
    ]);
    const columns = [...header, ...(tested ? [`engine, ${tested.split}`] : []), "size", "file"];
    await deliver(
      result,
      `${table(columns, rows)}\nsubbyte evaluate ${result.stages.at(-1)!.out} --data ${result.data}`,
    );
  },
});

/** On the images that chose the epoch, of the network that was kept. */
const accuracyOf = ({ kept, best, history, baseline }: QatStage): number | undefined =>
  kept === "trained" ? history.find(({ epoch }) => epoch === best)?.validationAccuracy : baseline;

const shown = (accuracy: number | undefined): string => (accuracy === undefined ? "" : percent(accuracy));
