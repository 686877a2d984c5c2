/** @file `subbyte bench`: speed of the engine side by side with other runtimes, layer by layer, and of training. */

import { defineCommand } from "../command.js";

export const bench = defineCommand("bench", {
  examples: [
    "bench model-w4a4.sbq",
    "bench model-w4a4.sbq --threads 2 --profile",
    "bench model-w4a4.sbq --against model.onnx,model-w8a8.sbq",
    "bench model-w4a4.sbq --against model.onnx --browser",
    "bench --engine --json --results results/engine-speed.json",
    "bench --engine --networks resnet18-224 --only w4a4/ --turns 30",
    "bench --engine --browser --json --results results/engine-speed-browser.json",
    "bench --engine --profile --networks resnet50-224 --bits 4 --tier relaxed",
    "bench --training --networks resnet18-cifar-32,resnet20-32 --only pytorch --threads 2",
    "bench --training --profile --networks resnet20-32 --threads 1",
  ],
  run: async (input, { context, deliver }) => {
    const [tasks, text] = await Promise.all([import("@subbyte/toolkit/tasks"), import("../bench-text.js")]);
    const result = await tasks.bench(input, context);
    const { kind: _, ...facts } = result;
    switch (result.kind) {
      case "model":
        return deliver(facts, text.modelText(result));
      case "against":
        return deliver(facts, text.againstText(result));
      case "engine":
        return deliver(facts, text.engineText(result));
      case "profile":
        return deliver(facts, result.profiles.map(text.profileText).join("\n\n"));
      case "training":
        return deliver(facts, text.trainingText(result));
      case "training profile":
        return deliver(facts, result.steps.map(text.stepProfileText).join("\n\n"));
      default:
        return result satisfies never;
    }
  },
});
