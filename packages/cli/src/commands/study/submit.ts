/** @file `subbyte study submit` submits the runs to Slurm or Kubernetes. */

import { defineCommand } from "../../command.js";
import { submissionText } from "../../study-text.js";

export const submit = defineCommand("study submit", {
  examples: [
    "study submit smoke --on slurm",
    "study submit resnet20 --files /mnt/work --out /mnt/work/resnet20 --on slurm --parallel 20 --apply",
    "study submit /mnt/work/resnet20 --on kubernetes --image registry.example/subbyte:1 --volume work:/mnt/work",
  ],
  run: async (input, { context, deliver }) => {
    const { commandLine, submitStudy } = await import("@subbyte/toolkit/tasks");
    // Nodes of Slurm share the files of the machine that submits.
    const program = input.on === "slurm" ? commandLine([process.execPath, process.argv[1]!]) : undefined;
    const result = await submitStudy({ ...input, program: input.program ?? program }, context);
    await deliver(result, submissionText(result));
  },
});
