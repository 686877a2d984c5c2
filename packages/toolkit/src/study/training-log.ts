/** @file The history of a training that was done outside the study, from the log beside its weights. */

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type EpochRecord, parseTrainingLog } from "../training/index.js";

/** @param model file that `train` or `qat` wrote; nothing where no log is beside it */
export async function historyBeside(model: string): Promise<readonly EpochRecord[] | undefined> {
  const text = await readFile(join(dirname(model), "log.csv"), "utf8").catch(() => undefined);
  const history = text === undefined ? [] : parseTrainingLog(text);
  return history.length > 0 ? history : undefined;
}
