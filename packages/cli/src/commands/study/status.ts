/** @file `subbyte study status` shows which runs are done. */

import { defineCommand } from "../../command.js";
import { stateText } from "../../study-text.js";
import { watchStudy } from "../../watch-study.js";

export const status = defineCommand("study status", {
  examples: ["study status smoke", "study status studies/widths --watch"],
  run: async ({ watch, ...input }, { context, deliver }) => {
    const { studyStatus } = await import("@subbyte/toolkit/tasks");
    const read = () => studyStatus(input, context);
    const result = await (watch ? watchStudy(read, context.signal) : read());
    await deliver(result, stateText(result));
  },
});
