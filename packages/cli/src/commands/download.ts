/** @file `subbyte download`: fetches a data set; the one command that uses the network. */

import { defineCommand } from "../command.js";

export const download = defineCommand("download", {
  examples: ["download cifar10 --out data"],
  run: async (input, { context, deliver }) => {
    const { downloadData } = await import("@subbyte/toolkit/tasks");
    const result = await downloadData(input, context);
    await deliver(result, `${result.path}: the checksum is right; use the file with --data ${result.path}`);
  },
});
