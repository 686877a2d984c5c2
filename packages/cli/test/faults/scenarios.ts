/** @file Runs of seconds that write all that their commands ever write. */

import type { Scenario } from "./faults.js";

const images = "--data mnist --threads 1 --seed 3 --quiet --limit 64";
// Two steps per epoch: the third step's state is saved within the second epoch, that of the sixth at the end of the third.
const train = `train --arch resnet8 ${images} --epochs 2 --batch 32 --checkpoint-every 3 --out float`;
const qat =
  `qat float/best.safetensors ${images} --weights 3 --activations 4 --method minmax --epochs 1 --batch 32 ` +
  "--checkpoint-every 1 --calibration-images 32 --out run --results qat.json";
const reconstruct =
  `quantize float/best.safetensors ${images} --weights 3 --activations 4 --method reconstruct --iterations 2 ` +
  "--end-to-end 2 --calibration-images 32 --checkpoint state --out model.sbq --force";
const quantize = `quantize float/best.safetensors ${images} --method minmax --calibration-images 32 --out model.sbq --force`;

const scenario = (command: string, before: readonly string[], results: readonly string[], run?: string): Scenario => ({
  command: command.split(" "),
  before: before.map((line) => line.split(" ")),
  results,
  ...(run === undefined ? {} : { run }),
});

const weights = ["float/best.safetensors", "float/last.safetensors"];

export const scenarios = {
  train: scenario(train, [], weights, "float"),
  "train for more epochs": scenario(`${train.replace("--epochs 2", "--epochs 3")} --resume`, [train], weights, "float"),
  qat: scenario(qat, [train], ["run/best.safetensors", "run/last.safetensors", "run/best.sbq"], "run"),
  "quantize by ranges": scenario(
    quantize,
    [train, quantize.replace("--method", "--weights 4 --method")],
    ["model.sbq"],
  ),
  "quantize by reconstruction": scenario(reconstruct, [train], ["model.sbq"]),
} as const satisfies Readonly<Record<string, Scenario>>;
