/** @file The task `study report`: writes the results of studies as one HTML page, with JSON and CSV beside it. */

import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../files.js";
import { reportData } from "../report/study/cases.js";
import { studyCsv } from "../report/study/csv.js";
import { type Findings, findings } from "../report/study/findings.js";
import { studyPage } from "../report/study/study-page.js";
import { mergeStudy, readResults, type StudyResults } from "../study/merge.js";
import { openBegunStudy, type StudyOptions } from "../study/open-study.js";
import { defineTask } from "./run.js";

/** Result of the task `study report`. */
export interface StudyReportResult {
  /** The HTML file. */
  readonly report: string;
  readonly json: string;
  readonly csv: string;
  readonly findings: Findings;
  /** Numbers of finished and of unfinished runs. */
  readonly runs: number;
  readonly missing: number;
}

/** The task `study report`: draws the results of studies as one HTML page. */
export const reportStudies = defineTask("study report", async (options): Promise<StudyReportResult> => {
  const { with: others = [], report: given, ...study } = options;
  const opened = [await resultsOf(study)];
  for (const other of others) opened.push(await resultsOf({ study: other }));
  const studies = opened.map(({ results }) => results);
  const report = given ?? join(opened[0]!.folder, "report.html");
  const stem = report.replace(/\.html?$/, "");
  const [json, csv] = [`${stem}.json`, `${stem}.csv`];
  const found = findings(reportData(studies));
  await writeFileAtomic(report, studyPage(studies));
  await writeFileAtomic(json, `${JSON.stringify({ findings: found, studies })}\n`);
  await writeFileAtomic(csv, studyCsv(studies));
  const count = (key: "runs" | "missing") => studies.reduce((sum, each) => sum + each[key].length, 0);
  return { report, json, csv, findings: found, runs: count("runs"), missing: count("missing") };
});

/** The results of a study that was begun, or of a file from `study merge`. */
async function resultsOf(options: StudyOptions): Promise<{ readonly results: StudyResults; readonly folder: string }> {
  const { study } = options;
  if (study.endsWith(".json") && statSync(study, { throwIfNoEntry: false })?.isFile() === true) {
    const results = await readResults(study).catch(() => undefined);
    if (results !== undefined) return { results, folder: dirname(study) };
  }
  const opened = await openBegunStudy(options);
  return { results: await mergeStudy(opened), folder: opened.folder.path };
}
