/** @file The task `study submit`: submits the unfinished runs of a study, and their merge, to Slurm or Kubernetes. */

import { openStudy } from "../study/open-study.js";
import { readStates } from "../study/states.js";
import { type JobArray, jobArrays } from "../study/submit/arrays.js";
import { submit, writeSubmission } from "../study/submit/submission.js";
import { defineTask } from "./run.js";

/** The files that run a study on a cluster. */
export interface StudySubmitResult {
  /** Folder of the study. */
  readonly folder: string;
  /** The folder with the files for the cluster. */
  readonly place: string;
  /** The command that submits them. */
  readonly command: readonly string[];
  /** The answer of Slurm or Kubernetes; absent unless `apply` is set. */
  readonly submitted?: string;
  /** Groups of jobs with the same needs. */
  readonly arrays: readonly JobArray[];
}

/**
 * Writes the unfinished runs of a study as jobs for Slurm or Kubernetes, and submits them if `apply` is set.
 *
 * @throws {UsageError} if an option or the study is wrong
 * @throws {MachineError} if Slurm or Kubernetes refuses the jobs
 */
export const submitStudy = defineTask("study submit", async (options, run): Promise<StudySubmitResult> => {
  run.phase("hashing inputs");
  const study = await openStudy(options, options.replan);
  const states = await readStates(study.plan, study.folder);
  const { packMinutes, memory, minutes } = options;
  const arrays = jobArrays(study.plan, states, {
    packMinutes,
    ...(memory === undefined ? {} : { memoryBytes: memory }),
    ...(minutes === undefined ? {} : { minutes }),
  });
  const running = states.filter(({ state }) => state === "running").length;
  if (running > 0) run.note(`${running} runs are being executed by other processes at the moment`);
  const unknown = arrays.filter(({ measured }) => !measured).map(({ name }) => name);
  if (unknown.length > 0 && (memory === undefined || minutes === undefined))
    run.note(
      `memory and time of ${unknown.join(", ")} are guesses: execute one run of each with study run and \`index\` first, or give \`memory\` and \`minutes\``,
    );
  const submission = await writeSubmission(study, arrays, options);
  const submitted = options.apply ? await submit(submission, options.on) : undefined;
  return {
    folder: study.folder.path,
    place: submission.place,
    command: submission.command,
    ...(submitted === undefined ? {} : { submitted }),
    arrays,
  };
});
