/** @file Executes one run of a study: its tasks one after the other, resumed if they were interrupted, then its record. */

import { rm } from "node:fs/promises";
import { join, sep } from "node:path";
import type { TaskEvent } from "../tasks/events.js";
import { machine } from "../tasks/machine.js";
import type { Run } from "../tasks/run.js";
import { commandsOf } from "./commands.js";
import type { PlannedRun } from "./planned-run.js";
import { ProgressFile } from "./progress-file.js";
import { type RunRecord, writeRecord } from "./record.js";
import { type Execution, resultOf } from "./run-steps.js";

/** @throws the errors of the run's tasks; what they have written so far is kept for the next attempt */
export async function executeRun(execution: Execution, outer: Run): Promise<RunRecord> {
  const { plan, folder, run } = execution;
  const files = folder.of(run);
  const begun = performance.now();
  const before = process.cpuUsage();
  await files.begin(run);
  const progress = new ProgressFile(files.progress);
  const notes: string[] = [];
  const context = outer.nested((event) => {
    if (event.type === "note" || event.type === "warning") notes.push(withStudyPaths(event.text, execution));
    else progress.say(event);
    return labelled(event, run);
  });
  try {
    const result = await resultOf(execution, context);
    const { user, system } = process.cpuUsage(before);
    const record: RunRecord = {
      format: 1,
      id: run.id,
      key: run.key,
      commands: commandsOf(run, plan),
      ...(outer.software === undefined ? {} : { software: outer.software }),
      machine: machine(),
      date: new Date().toISOString(),
      seconds: rounded((performance.now() - begun) / 1000),
      cpuSeconds: rounded((user + system) / 1e6),
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
      result: { ...result, notes: [...new Set(notes)] },
    };
    await writeRecord(files.result, record);
    await rm(files.failure, { force: true });
    return record;
  } finally {
    await progress.close();
  }
}

/**
 * Replaces paths in a text by their names in the study, because records of several machines are merged and must not show local
 * folders.
 */
function withStudyPaths(text: string, { plan, folder }: Execution): string {
  const places = Object.entries(plan.locations).toSorted(([, a], [, b]) => b.length - a.length);
  const named = places.reduce((result, [name, path]) => result.replaceAll(path, name), text);
  return named.replaceAll(join(folder.path, sep), "");
}

const rounded = (value: number): number => Math.round(10 * value) / 10;

/** Puts the run's name before the events of its tasks. */
function labelled(event: TaskEvent, { id }: PlannedRun): TaskEvent {
  if (event.type === "note" || event.type === "warning") return { ...event, text: `${id}: ${event.text}` };
  return { ...event, detail: event.detail === undefined ? id : `${id}, ${event.detail}` };
}
