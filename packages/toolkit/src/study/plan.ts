/**
 * @file Makes the plan of a study: a numbered list of runs. A run has a key, which changes if anything changes that its result
 * depends on.
 */

import { createHash } from "node:crypto";
import { parseOptions } from "../options/index.js";
import type { Bag, StudyDefinition } from "./definition.js";
import type { LinedDocument } from "./document.js";
import { hashInputs } from "./inputs.js";
import type { PlannedRun, StudyPlan } from "./planned-run.js";
import { isInputPath } from "./run-options.js";
import { plannedRuns } from "./runs.js";

/**
 * @param locate returns the absolute path of a file or folder that the study names
 * @param document the study's file, parsed; faults are added to it
 * @throws {UsageError} that lists all faults, such as a data set without files
 */
export async function planStudy(
  study: StudyDefinition,
  locate: (name: string) => string,
  document: LinedDocument,
): Promise<StudyPlan> {
  const { hashes: inputs, locations } = await hashInputs(study, locate, document);
  document.requireFaultless();
  const runs: PlannedRun[] = [];
  for (const run of plannedRuns(study)) runs.push({ ...run, key: keyOf(run, inputs, runs) });
  requireTaskOptions(runs, document);
  document.requireFaultless();
  const { name, title, description } = study;
  return { format: 1, name, title, description, inputs, locations, runs };
}

function keyOf(
  { kind, steps, needs, file, stage, latency }: Omit<PlannedRun, "key">,
  inputs: StudyPlan["inputs"],
  earlier: readonly PlannedRun[],
): string {
  const content = {
    kind,
    steps: steps.map(({ task, options }) => ({ task, options: contentOf(options, inputs) })),
    needs: needs.map((index) => earlier[index]!.key),
    file: file === undefined ? null : inputs[file],
    ...(stage === undefined ? {} : { stage }),
    ...(latency === undefined ? {} : { latency }),
  };
  return createHash("sha256").update(canonical(content)).digest("hex");
}

/** The options without those that do not change the result, and with hashes instead of paths. */
function contentOf(options: Bag, inputs: StudyPlan["inputs"]): Bag {
  return Object.fromEntries(
    Object.entries(options)
      .filter(([name]) => name !== "checkpointEvery")
      .map(([name, value]) => [name, isInputPath(name, value) ? inputs[value] : value]),
  );
}

/** JSON with sorted keys. */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );

/** Adds a fault for each option that a task needs besides model and images, and that is missing. */
function requireTaskOptions(runs: readonly PlannedRun[], document: LinedDocument): void {
  for (const { steps, network, data } of runs)
    for (const { task, options } of steps)
      try {
        parseOptions(task, { ...(task === "train" ? {} : { model: "model" }), ...options });
      } catch (error) {
        document.fault(["networks", network], `${task} of "${network}" on "${data}": ${(error as Error).message}`);
      }
}
