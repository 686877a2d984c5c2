/**
 * Rewrites the tables of README.md and docs/*.md from results/*.json, between `<!-- results: FILE… -->` and
 * `<!-- /results -->`, and the findings of the studies' report, between `<!-- finding -->` and `<!-- /finding -->`. `(summary)` after the
 * files asks for a short table. A block whose files are not all there stays as it is. `--check` writes nothing, and fails if a
 * table is out of date.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { againstTable } from "./tables/against.mjs";
import { browserRaceSummary, browserRaceTable } from "./tables/browser-race.mjs";
import { quantizedFilesTable } from "./tables/by-defaults.mjs";
import { arm64Table, engineEqualityTable, engineSpeedTable, loadTable, wideVectorsTable } from "./tables/engine.mjs";
import { distinct } from "./tables/format.mjs";
import { networkTables } from "./tables/networks.mjs";
import { overviewTable } from "./tables/overview.mjs";
import { qatTable } from "./tables/qat.mjs";
import { quantizationSummary, quantizationTables } from "./tables/quantization.mjs";
import { quickstartTable } from "./tables/quickstart.mjs";
import { isStudy, studyOrigins, studySummary, studyTables } from "./tables/study.mjs";
import { trainingTable } from "./tables/training.mjs";

const root = join(import.meta.dirname, "..");
const check = process.argv.includes("--check");
const block = /(<!-- results: ([\w. -]+?)( \(summary\))? -->\n)[\s\S]*?(<!-- \/results -->)/g;

const eachAlone = (render) => (records) => records.map(render).join("\n\n");
const each = (is) => (results) => results.every(is);
/** The kinds of blocks: how one is recognized by its results, and its tables. */
const kinds = [
  { is: each(({ rows }) => rows), render: eachAlone(quickstartTable) },
  {
    is: each(({ bestPeers, browser }) => bestPeers && browser),
    render: eachAlone(browserRaceTable),
    summary: eachAlone(browserRaceSummary),
  },
  { is: each(({ ratios, pytorch }) => ratios && pytorch), render: eachAlone(trainingTable) },
  { is: each(({ ratios }) => ratios), render: eachAlone(engineSpeedTable) },
  { is: each(({ wide }) => wide), render: eachAlone(wideVectorsTable) },
  { is: each(({ loads }) => loads), render: eachAlone(loadTable) },
  { is: each(({ executed }) => executed), render: eachAlone(arm64Table) },
  {
    is: each(isStudy),
    render: eachAlone(({ result }) => studyTables(result)),
    summary: eachAlone(({ result }) => studySummary(result)),
  },
  { is: each(({ runs }) => runs), render: eachAlone(engineEqualityTable) },
  {
    is: each(({ measurements }) => measurements),
    render: eachAlone(quantizationTables),
    summary: eachAlone(quantizationSummary),
  },
  { is: each(({ networks }) => networks), render: eachAlone(networkTables) },
  { is: each(({ times }) => times?.[0].ratio), render: eachAlone(againstTable) },
  { is: each(({ stages }) => stages), render: qatTable },
  { is: each(({ top1, out }) => top1 ?? out), render: quantizedFilesTable },
  {
    is: ([float, quantized]) => float.top1 && quantized?.measurements,
    render: overviewTable,
  },
];

/** The source of a table, such as `results/x.json` (2026-11-25, commit 0123abc, AMD EPYC, 2 cores). */
function source(file, origins) {
  const of = (text) => distinct(origins.map(text)).join(" and ");
  const days = origins.map(({ date }) => date.slice(0, 10)).toSorted();
  const commits = of(({ commit }) => commit?.hash.slice(0, 7) ?? "unknown");
  const machines = of(({ machine: { cpu, cores } }) => (cores === undefined ? cpu : `${cpu}, ${cores} cores`));
  return `\`results/${file}\` (${distinct([days[0], days.at(-1)]).join(" to ")}, commit ${commits}, ${machines})`;
}

function render(files, isShort) {
  const records = files.map((file) => JSON.parse(readFileSync(join(root, "results", file), "utf8")));
  const kind = kinds.find(({ is }) => is(records.map(({ result }) => result)));
  if (kind === undefined)
    throw new Error(`there is no table for ${files.join(" with ")}; add a kind to ${import.meta.filename}`);
  // If rows were measured one by one, each has its own origin.
  const sources = records.map((record, i) =>
    source(
      files[i],
      isStudy(record.result)
        ? studyOrigins(record.result)
        : (record.result.measurements ?? record.result.runs ?? record.result.networks ?? [record]),
    ),
  );
  return `${(isShort ? kind.summary : kind.render)(records)}\n\nFrom ${sources.join(", ")}.\n`;
}

const findingBlock = /(<!-- finding -->\n)[\s\S]*?(<!-- \/finding -->)/g;
const { findings } = JSON.parse(readFileSync(join(root, "docs/study/index.json"), "utf8"));

const documents = [
  "README.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const stale = [];
for (const name of documents) {
  const path = join(root, name);
  const before = readFileSync(path, "utf8");
  const found = before.replaceAll(findingBlock, (_, open, close) => `${open}${findings.summary}\n${close}`);
  const after = found.replaceAll(block, (whole, open, names, short, close) => {
    const files = names.trim().split(/ +/);
    return files.every((file) => existsSync(join(root, "results", file)))
      ? `${open}${render(files, short !== undefined)}${close}`
      : whole;
  });
  if (after === before) continue;
  stale.push(name);
  if (!check) writeFileSync(path, after);
}
if (check && stale.length > 0) {
  console.error(`tables out of date in ${stale.join(", ")}: npm run docs:tables`);
  process.exitCode = 1;
} else console.log(stale.length === 0 ? "tables are up to date" : `written: ${stale.join(", ")}`);
