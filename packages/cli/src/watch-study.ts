/** @file Shows the state of a study repeatedly until all its runs are done. */

import { setTimeout as sleep } from "node:timers/promises";
import type { StudyStateResult } from "@subbyte/toolkit/tasks";
import { watchText } from "./study-text.js";

const WATCH_MS = 2000;

const isUnfinished = ({ runs }: StudyStateResult): boolean =>
  runs.some(({ state }) => state === "running" || state === "waiting");

/**
 * @param read reads the state
 * @returns the last state
 */
export async function watchStudy(
  read: () => Promise<StudyStateResult>,
  signal: AbortSignal | undefined,
): Promise<StudyStateResult> {
  const { createLogUpdate } = await import("log-update");
  const update = process.stderr.isTTY ? createLogUpdate(process.stderr) : undefined;
  let result = await read();
  while (isUnfinished(result) && signal?.aborted !== true) {
    update?.(watchText(result));
    await sleep(WATCH_MS, undefined, signal ? { signal } : {}).catch(() => undefined);
    result = await read();
  }
  update?.clear();
  return result;
}
