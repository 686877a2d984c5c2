/** @file The report of studies: one HTML file that contains everything. */

import type { StudyResults } from "../../study/merge.js";
import { escapeHtml, page } from "../page.js";
import { accuracySection } from "./accuracy-section.js";
import { reportData } from "./cases.js";
import { predecessorSection } from "./comparison-section.js";
import { findings } from "./findings.js";
import { seriesOf } from "./legend.js";
import { runsSection } from "./runs-section.js";
import { studyScript } from "./script.js";
import {
  confusionSection,
  introduction,
  latencySection,
  type Section,
  tradeoffSection,
  trainingSection,
} from "./sections.js";
import { studyStyle } from "./style.js";

export function studyPage(studies: readonly StudyResults[]): string {
  const data = reportData(studies);
  const series = seriesOf(data);
  const found = findings(data);
  const all: readonly Section[] = [
    { id: "accuracy", title: "Accuracy against bits", html: accuracySection(data, series) },
    { id: "tradeoff", title: "Accuracy against size and latency", html: tradeoffSection(data, series) },
    { id: "latency", title: "Latency and size, measured", html: latencySection(data) },
    { id: "training", title: "Training", html: trainingSection(data) },
    { id: "classes", title: "Which classes change", html: confusionSection(data) },
    { id: "predecessor", title: "Compared with the predecessor", html: predecessorSection(data) },
    { id: "runs", title: "Runs", html: runsSection(data) },
  ];
  const sections = all.filter(({ html }) => html !== "");
  const body = [
    introduction(data, found),
    `<nav aria-label="Sections"><ul>${sections.map(({ id, title }) => `<li><a href="#${id}">${escapeHtml(title)}</a></li>`).join("")}</ul></nav>`,
    ...sections.map(
      ({ id, title, html }) => `<section id="${id}">\n<h2>${escapeHtml(title)}</h2>\n${html}\n</section>`,
    ),
  ];
  const title = studies.length === 1 ? studies[0]!.title : studies.map(({ name }) => name).join(", ");
  return page(title, body.join("\n"), { style: studyStyle, script: studyScript });
}
