/** @file `subbyte inspect`: prints a model; with `--compare`, shows which layers lose accuracy. */

import type { TaskInput } from "@subbyte/toolkit/options";
import { type CommandDefinition, defineCommand, type Shell } from "../command.js";

const alone = defineCommand("inspect", {
  examples: [
    "inspect model.onnx",
    "inspect model-w4a4.sbq",
    "inspect model-w4a4.sbq --compare model.onnx --data photos/ --each-layer --report layers.html",
    "inspect model.onnx --explain fold-batch-norm",
  ],
  run: async (input, shell) => {
    if ("compare" in input) return compare(input as TaskInput<"compare">, shell);
    const [{ inspectModel }, { explanationText, floatText, integerText }] = await Promise.all([
      import("@subbyte/toolkit/tasks"),
      import("../inspection.js"),
    ]);
    const result = await inspectModel(input, shell.context);
    const { explanation } = result;
    const text = () => (result.kind === "float" ? floatText(result) : integerText(result));
    await shell.deliver(result, explanation ? explanationText({ ...explanation, path: result.path }) : text());
  },
});

export const inspect: CommandDefinition = { ...alone, alternative: { task: "compare", when: "compare" } };

async function compare(input: TaskInput<"compare">, { context, deliver }: Shell): Promise<void> {
  const [{ compareModels }, { comparisonText }] = await Promise.all([
    import("@subbyte/toolkit/tasks"),
    import("../inspection.js"),
  ]);
  const result = await compareModels(input, context);
  await deliver(result, comparisonText(result));
}
