/** @file The history of a training outside the study, from the log beside its weights. */

import { dirname, join } from "node:path";
import { readIfPresent } from "../present.js";
import { type EpochRecord, parseTrainingLog } from "../training/index.js";

/**
 * Reads the log beside the file or, for a stage of a chain, in a folder with the file's name.
 * @param model file that `train` or `qat` wrote
 * @returns undefined if there is no log
 */
export async function historyBeside(model: string): Promise<readonly EpochRecord[] | undefined> {
  for (const folder of [model.replace(/\.\w+$/, ""), dirname(model)]) {
    const text = await readIfPresent(join(folder, "log.csv"));
    const history = text === undefined ? [] : parseTrainingLog(text);
    if (history.length > 0) return history;
  }
  return undefined;
}
