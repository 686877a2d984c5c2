/** @file Finds the files of a study's networks, whether a run made them or they were imported. */

import { join } from "node:path";
import type { PlannedRun, StudyPlan } from "./planned-run.js";
import type { StudyFolder } from "./study-folder.js";

interface Place {
  readonly plan: StudyPlan;
  readonly folder: StudyFolder;
}

export const floatFile = ({ plan, folder }: Place, run: PlannedRun): string =>
  run.file === undefined ? join(folder.of(run).work, "best.safetensors") : plan.locations[run.file]!;

export const quantizedFile = ({ plan, folder }: Place, run: PlannedRun): string =>
  run.file === undefined ? folder.of(run).model : plan.locations[run.file]!;
