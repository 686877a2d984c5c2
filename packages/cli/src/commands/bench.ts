/** @file `subbyte bench`: speed of the engine side by side with other runtimes, layer by layer, and of training. */

import { engineText, profileText, trainingText } from "../bench-text.js";
import { defineCommand } from "../command.js";

export const bench = defineCommand("bench", {
  examples: [
    "bench --engine --json --results results/engine-speed.json",
    "bench --engine --networks resnet18-224 --only w4a4/ --turns 30",
    "bench --engine --browser --json --results results/engine-speed-browser.json",
    "bench --engine --profile --networks resnet50-224 --bits 4 --tier relaxed",
    "bench --training --threads 2",
  ],
  run: async (input, { context, deliver }) => {
    const tasks = await import("@subbyte/toolkit/tasks");
    const { kind: _, ...result } = await tasks.bench(input, context);
    if ("ratios" in result) return deliver(result, engineText(result));
    if ("profiles" in result) return deliver(result, result.profiles.map(profileText).join("\n\n"));
    return deliver(result, trainingText(result.results));
  },
});
