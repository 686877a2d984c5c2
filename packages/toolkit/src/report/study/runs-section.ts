/** @file The section about runs: how each was made, and which are missing. */

import type { FinishedRun, StudyResults } from "../../study/merge.js";
import { escapeHtml } from "../page.js";
import type { ReportData } from "./cases.js";
import { byteSize, percent } from "./format.js";
import { details, table } from "./html.js";

export function runsSection({ studies, missing }: ReportData): string {
  return [
    ...(missing.length === 0
      ? []
      : [
          table(
            [
              { name: "not finished", kind: "text" },
              { name: "state", kind: "text" },
              { name: "reason", kind: "wrap" },
            ],
            missing.map(({ id, state, reason = "" }) => [id, state, reason]),
            { caption: "Runs that are planned and not finished" },
          ),
        ]),
    ...studies.map(studyRuns),
  ].join("\n");
}

function studyRuns({ title, inputs, runs }: StudyResults): string {
  const commits = new Set(runs.map(commitOf));
  const machines = new Set(runs.map(({ machine }) => Object.values(machine).join(", ")));
  const inputRows = Object.entries(inputs).map(([name, hash]) => [name, { text: hash, html: `<code>${hash}</code>` }]);
  return [
    `<h3>${escapeHtml(title)}</h3>`,
    `<p class="about">Commit ${escapeHtml([...commits].join(", "))}; ${escapeHtml([...machines].join("; "))}.</p>`,
    table(
      [
        { name: "input", kind: "text" },
        { name: "SHA-256", kind: "wrap" },
      ],
      inputRows,
      { caption: "Files and folders that the runs read" },
    ),
    details(
      `${runs.length} ${runs.length === 1 ? "run" : "runs"} with commands`,
      table(
        [
          { name: "run", kind: "text" },
          { name: "seed" },
          { name: "accuracy" },
          { name: "file" },
          { name: "CPU-s" },
          { name: "date", kind: "text" },
          { name: "commit", kind: "text" },
          { name: "commands", kind: "wrap" },
          { name: "SHA-256 of the network", kind: "text" },
        ],
        runs.map((run) => [
          run.id,
          String(run.seed),
          run.result.accuracy ? { text: percent(run.result.accuracy.top1), value: run.result.accuracy.top1 } : "",
          run.result.model ? { text: byteSize(run.result.model.bytes), value: run.result.model.bytes } : "",
          { text: run.cpuSeconds.toFixed(0), value: run.cpuSeconds },
          run.date.slice(0, 10),
          commitOf(run),
          { text: "", html: run.commands.map((command) => `<code>${escapeHtml(command)}</code>`).join("<br>") },
          { text: "", html: run.result.model ? `<code>${run.result.model.sha256.slice(0, 16)}…</code>` : "" },
        ]),
        { sortable: true },
      ),
    ),
  ].join("\n");
}

const commitOf = ({ software }: FinishedRun): string => {
  if (software?.commit === undefined) return software === undefined ? "unknown" : `version ${software.version}`;
  return `${software.commit.hash.slice(0, 7)}${software.commit.dirty ? " with changes" : ""}`;
};
