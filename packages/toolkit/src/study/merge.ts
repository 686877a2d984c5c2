/** @file The results of a study as one value, which `study merge` writes and reports read. */

import { readFile } from "node:fs/promises";
import { UsageError } from "../errors.js";
import type { OpenedStudy } from "./open-study.js";
import type { PlannedRun, StudyPlan } from "./planned-run.js";
import type { RunRecord } from "./record.js";
import { readStates, type StudyRun } from "./states.js";

export interface FinishedRun extends Omit<PlannedRun, "key">, Omit<RunRecord, "id" | "format"> {}

export interface MissingRun
  extends Pick<PlannedRun, "index" | "id" | "kind" | "network" | "data" | "method" | "bits" | "seed"> {
  readonly state: Exclude<StudyRun["state"], "done">;
  /** The reason for the failure. */
  readonly reason?: string;
}

export interface StudyResults extends Pick<StudyPlan, "format" | "name" | "title" | "description" | "inputs"> {
  readonly runs: readonly FinishedRun[];
  readonly missing: readonly MissingRun[];
}

export async function mergeStudy({ plan, folder }: OpenedStudy): Promise<StudyResults> {
  const { format, name, title, description, inputs } = plan;
  const states = await readStates(plan, folder);
  return {
    format,
    name,
    title,
    description,
    inputs,
    runs: states.flatMap((each) => {
      if (each.state !== "done") return [];
      const { format: _, ...record } = each.record;
      return [{ ...each.run, ...record }];
    }),
    missing: states.flatMap((each): MissingRun[] => {
      if (each.state === "done") return [];
      const { index, id, kind, network, data, method, bits, seed } = each.run;
      return [
        {
          index,
          id,
          kind,
          network,
          data,
          ...(method === undefined ? {} : { method }),
          ...(bits === undefined ? {} : { bits }),
          seed,
          state: each.state,
          ...(each.state === "failed" ? { reason: each.reason } : {}),
        },
      ];
    }),
  };
}

/**
 * Reads a file that `study merge` wrote, or the record of its result.
 * @throws {UsageError} for another file
 */
export async function readResults(path: string): Promise<StudyResults> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw Object.assign(error as Error, { path });
  });
  try {
    const content = JSON.parse(text) as Partial<StudyResults> & { readonly result?: Partial<StudyResults> };
    const results = content.result ?? content;
    if (results.format === 1 && Array.isArray(results.runs) && Array.isArray(results.missing))
      return results as StudyResults;
  } catch {}
  throw new UsageError(
    "invalid-study",
    { file: path, faults: ["no results of a study"] },
    `${path} does not hold the results of a study; give a file that study merge wrote, or the study's folder.`,
  );
}
