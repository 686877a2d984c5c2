/** @file Reads the state of each run of a study from the files in its folder. */

import { readFile } from "node:fs/promises";
import { writeFileAtomic } from "../files.js";
import { currentHolder, type Holder } from "../lock.js";
import type { PlannedRun, StudyPlan } from "./planned-run.js";
import { type RunProgress, readProgress } from "./progress-file.js";
import { type RunRecord, readRecord } from "./record.js";
import type { StudyFolder } from "./study-folder.js";

export type RunState =
  | { readonly state: "done"; readonly record: RunRecord }
  | { readonly state: "running"; readonly holder: Pick<Holder, "pid" | "host">; readonly progress?: RunProgress }
  | { readonly state: "failed"; readonly reason: string }
  /** `damaged` if a result file is cut off or was changed; it is then ignored. */
  | { readonly state: "waiting"; readonly damaged: boolean };

export type StudyRun = { readonly run: PlannedRun } & RunState;

export const readStates = (plan: StudyPlan, folder: StudyFolder): Promise<readonly StudyRun[]> =>
  Promise.all(plan.runs.map(async (run): Promise<StudyRun> => ({ run, ...(await readState(folder, run)) })));

async function readState(folder: StudyFolder, run: PlannedRun): Promise<RunState> {
  const files = folder.of(run);
  const read = await readRecord(files.result, run);
  if (read.state === "done") return read;
  const holder = await currentHolder(files.lock);
  if (holder !== undefined) {
    const progress = await readProgress(files.progress);
    const { pid, host } = holder;
    return { state: "running", holder: { pid, host }, ...(progress === undefined ? {} : { progress }) };
  }
  const failure = await readFailure(files.failure);
  if (failure?.key === run.key) return { state: "failed", reason: failure.reason };
  return { state: "waiting", damaged: read.state === "damaged" };
}

interface Failure {
  readonly key: string;
  readonly reason: string;
  readonly date: string;
}

async function readFailure(path: string): Promise<Failure | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Failure;
  } catch {
    return undefined;
  }
}

/** Records a failure. If the disk is full, nothing is written; the run then counts as unfinished, which is also true. */
export async function writeFailure(path: string, { key }: PlannedRun, reason: string): Promise<void> {
  const failure: Failure = { key, reason, date: new Date().toISOString() };
  await writeFileAtomic(path, `${JSON.stringify(failure)}\n`).catch(() => undefined);
}
