/** @file `subbyte study plan` lists the runs of a study with their numbers. */

import { defineCommand } from "../../command.js";
import { planText } from "../../study-text.js";

export const plan = defineCommand("study plan", {
  examples: [
    "study plan smoke",
    "study plan resnet20 --files ../shared",
    "study plan widths.yaml --out studies/widths",
  ],
  run: async (input, { context, deliver }) => {
    const { planStudyRuns } = await import("@subbyte/toolkit/tasks");
    const result = await planStudyRuns(input, context);
    await deliver(result, planText(result));
  },
});
