/** @file `subbyte study report` writes results as an HTML page. */

import { defineCommand } from "../../command.js";

export const report = defineCommand("study report", {
  examples: [
    "study report smoke",
    "study report results/study-resnet20.json --with results/study-mobilenet.json --report docs/study/index.html",
  ],
  run: async (input, { context, deliver }) => {
    const { reportStudies } = await import("@subbyte/toolkit/tasks");
    const result = await reportStudies(input, context);
    await deliver(result, `${result.findings.summary}\n\n${result.report}, ${result.json}, ${result.csv}`);
  },
});
