/** @file `subbyte study …`: plans, does, watches and gathers the runs of a comparison. */

import { FailedRunError } from "@subbyte/toolkit/errors";
import type { StudyStateResult } from "@subbyte/toolkit/tasks";
import { type CommandDefinition, defineCommand } from "../command.js";
import { mergeText, planText, stateText, submissionText } from "../study-text.js";
import { watchStudy } from "../watch-study.js";

const plan = defineCommand("study plan", {
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

const run = defineCommand("study run", {
  examples: [
    "study run smoke",
    "study run resnet20 --files ../shared --jobs 2",
    "study run widths.yaml --imports resnet18/cifar10=runs/train/best.safetensors",
    "study run studies/widths --index 12",
  ],
  run: async (input, { context, deliver }) => {
    const { runStudyRuns } = await import("@subbyte/toolkit/tasks");
    const result = await runStudyRuns(input, context);
    await deliver(result, stateText(result));
    requireSuccess(result, input.index);
  },
});

/** @throws {FailedRunError} so that schedulers see which index to try again */
function requireSuccess({ runs, folder }: StudyStateResult, index: readonly number[] | undefined): void {
  const wanted = index === undefined ? runs : index.map((each) => runs[each]!);
  const failed = wanted.filter(({ state }) => state === "failed").map(({ run: { id } }) => id);
  if (failed.length === 0) return;
  throw new FailedRunError(
    "runs-failed",
    { runs: failed },
    `${failed.length} of ${wanted.length} runs failed: ${failed.join(", ")}. The others are finished; ` +
      `subbyte study run ${folder} tries these again.`,
  );
}

const status = defineCommand("study status", {
  examples: ["study status smoke", "study status studies/widths --watch"],
  run: async ({ watch, ...input }, { context, deliver }) => {
    const { studyStatus } = await import("@subbyte/toolkit/tasks");
    const read = () => studyStatus(input, context);
    const result = await (watch ? watchStudy(read, context.signal) : read());
    await deliver(result, stateText(result));
  },
});

const submit = defineCommand("study submit", {
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

const merge = defineCommand("study merge", {
  examples: ["study merge resnet20 --results results/study-resnet20.json", "study merge studies/widths"],
  run: async (input, { context, deliver }) => {
    const { mergeStudyRuns } = await import("@subbyte/toolkit/tasks");
    const result = await mergeStudyRuns(input, context);
    await deliver(result, mergeText(result));
  },
});

const report = defineCommand("study report", {
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

export const study: readonly CommandDefinition[] = [plan, run, status, submit, merge, report];
