/** @file The text of `subbyte study` for plans, states and results. */

import type { StudyMergeResult, StudyPlanResult, StudyStateResult, StudySubmitResult } from "@subbyte/toolkit/tasks";
import { byteSize, duration, percent, table } from "./output.js";

type StudyRun = StudyStateResult["runs"][number];

export function planText({ runs, folder }: StudyPlanResult): string {
  const rows = runs.map(({ index, id, kind, steps, file, needs }) => [
    index,
    id,
    kind === "latency" ? "latency" : [file ?? "", ...steps.map(({ task }) => task)].filter(Boolean).join(", "),
    needs.join(" "),
  ]);
  return `${table(["run", "name", "does", "needs"], rows)}\n\n${runs.length} runs, planned in ${folder}`;
}

export function stateText({ runs, folder }: StudyStateResult): string {
  const rows = runs.map((each) => [each.run.index, each.run.id, each.state, detailOf(each)]);
  return `${table(["run", "name", "state", ""], rows)}\n\n${countsOf(runs)} in ${folder}`;
}

/** The runs that are running or have failed, and the number of runs in each state. */
export function watchText({ runs, folder }: StudyStateResult): string {
  const shown = runs.filter(({ state }) => state === "running" || state === "failed");
  return [
    ...shown.map((each) => `${each.run.id}  ${each.state}  ${detailOf(each)}`),
    `${countsOf(runs)} in ${folder}`,
  ].join("\n");
}

export function mergeText({ runs, missing, out }: StudyMergeResult): string {
  const absent = missing.map(({ index, id, state, reason }) => [index, id, state, reason ?? ""].map(String));
  return [
    ...(absent.length === 0 ? [] : [table(["missing", "name", "state", ""], absent), ""]),
    `${runs.length} of ${runs.length + missing.length} runs in ${out}`,
  ].join("\n");
}

export function submissionText({ arrays, place, command, submitted }: StudySubmitResult): string {
  const rows = arrays.map(({ name, packs, cores, memoryBytes, minutes, after }) => [
    name,
    packs.flat().length,
    packs.length,
    cores,
    `${(memoryBytes / 1e9).toFixed(1)} GB`,
    minutes,
    after.join(" "),
  ]);
  const header = ["array", "runs", "tasks", "cores", "memory", "minutes", "after"];
  return [
    ...(rows.length === 0 ? ["All runs are finished; only the merge is left to do."] : [table(header, rows)]),
    "",
    ...(submitted === undefined ? [`${place}; submit it with ${command.join(" ")}`] : [submitted]),
  ].join("\n");
}

function countsOf(runs: readonly StudyRun[]): string {
  const states = ["done", "running", "failed", "waiting"] as const;
  const counts = states.map((state) => [runs.filter((each) => each.state === state).length, state] as const);
  return counts
    .filter(([count]) => count > 0)
    .map(([count, state]) => `${count} ${state}`)
    .join(", ");
}

function detailOf(each: StudyRun): string {
  switch (each.state) {
    case "done": {
      const { seconds, result } = each.record;
      const figures = [
        ...(result.accuracy ? [percent(result.accuracy.top1)] : []),
        ...(result.model ? [byteSize(result.model.bytes)] : []),
        duration(seconds),
      ];
      return figures.join(" · ");
    }
    case "running": {
      const { phase, detail, share, secondsLeft } = each.progress ?? { phase: "starting" };
      return [
        detail === undefined ? phase : `${phase} ${detail}`,
        ...(share === undefined ? [] : [`${Math.floor(100 * share)} %`]),
        ...(secondsLeft === undefined ? [] : [`${duration(secondsLeft)} left`]),
        `process ${each.holder.pid} on ${each.holder.host}`,
      ].join(" · ");
    }
    case "failed":
      return each.reason;
    default:
      return each.damaged ? "its result file is damaged" : "";
  }
}
