/** @file `subbyte study merge` collects the results of the runs. */

import { defineCommand } from "../../command.js";
import { mergeText } from "../../study-text.js";

export const merge = defineCommand("study merge", {
  examples: ["study merge resnet20 --results results/study-resnet20.json", "study merge studies/widths"],
  run: async (input, { context, deliver }) => {
    const { mergeStudyRuns } = await import("@subbyte/toolkit/tasks");
    const result = await mergeStudyRuns(input, context);
    await deliver(result, mergeText(result));
  },
});
