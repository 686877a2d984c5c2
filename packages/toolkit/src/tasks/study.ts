/** @file The tasks `study plan`, `study run`, `study status` and `study merge`. */

import { join } from "node:path";
import { UsageError } from "../errors.js";
import { writeFileAtomic } from "../files.js";
import { executeRun } from "../study/execute.js";
import { mergeStudy, type StudyResults } from "../study/merge.js";
import { type OpenedStudy, openBegunStudy, openStudy } from "../study/open-study.js";
import type { StudyPlan } from "../study/planned-run.js";
import { runInChild } from "../study/run-in-child.js";
import { type ExecuteRun, runStudy } from "../study/run-study.js";
import { readStates, type StudyRun } from "../study/states.js";
import { followJobs } from "../study/submit/kubernetes-jobs.js";
import { defineTask } from "./run.js";

/** Result of the task `study plan`. */
export interface StudyPlanResult extends StudyPlan {
  /** The folder that it was written into. */
  readonly folder: string;
}

/** Result of the tasks `study run` and `study status`. */
export interface StudyStateResult {
  readonly name: string;
  readonly folder: string;
  readonly runs: readonly StudyRun[];
}

/** Result of the task `study merge`. */
export interface StudyMergeResult extends StudyResults {
  /** The file to which this result was written. */
  readonly out: string;
}

/** The task `study plan`: lists the runs of a study. */
export const planStudyRuns = defineTask("study plan", async (options, run): Promise<StudyPlanResult> => {
  run.phase("hashing inputs");
  const { plan, folder } = await openStudy(options, options.replan);
  return { ...plan, folder: folder.path };
});

/** The task `study run`: executes the runs that are not finished yet. */
export const runStudyRuns = defineTask("study run", async (options, run): Promise<StudyStateResult> => {
  run.phase("hashing inputs");
  const study = await openStudy(options, options.replan);
  const { index, jobs, requireNeeds } = options;
  const here: ExecuteRun = ({ plan, folder }, each, outer) => executeRun({ plan, folder, run: each }, outer);
  const runs = await runStudy(
    study,
    { jobs, requireNeeds, execute: jobs === 1 ? here : runInChild, ...(index === undefined ? {} : { index }) },
    run,
  );
  return stateOf(study, runs);
});

/** The task `study status`: which runs are finished, running or waiting. */
export const studyStatus = defineTask("study status", async ({ watch: _, ...options }): Promise<StudyStateResult> => {
  const study = await openBegunStudy(options);
  return stateOf(study, await readStates(study.plan, study.folder));
});

const stateOf = ({ plan, folder }: OpenedStudy, runs: readonly StudyRun[]): StudyStateResult => ({
  name: plan.name,
  folder: folder.path,
  runs,
});

/** The task `study merge`: gathers the results of finished runs in one file. */
export const mergeStudyRuns = defineTask(
  "study merge",
  async ({ afterJobs, ...options }, run): Promise<StudyMergeResult> => {
    if (afterJobs !== undefined) await followJobs(afterJobs, run.signal);
    const study = await openBegunStudy(options);
    const results = await mergeStudy(study);
    if (results.runs.length === 0)
      throw new UsageError(
        "study-missing",
        { file: study.folder.path },
        `no run of the study in ${study.folder.path} is finished; execute them with study run.`,
      );
    const out = join(study.folder.path, "merged.json");
    await writeFileAtomic(out, `${JSON.stringify(results)}\n`);
    return { ...results, out };
  },
);
