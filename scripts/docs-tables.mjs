/**
 * Writes the tables of README.md and docs/*.md anew from results/*.json, between `<!-- results: FILE… -->` and `<!-- /results -->`.
 * A block whose files are not all there stays as it is. `--check` writes nothing and fails where a table is out of date.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const root = join(import.meta.dirname, "..");
const check = process.argv.includes("--check");
const block = /(<!-- results: ([\w. -]+?) -->\n)[\s\S]*?(<!-- \/results -->)/g;

const percent = (share) => `${(100 * share).toFixed(2)} %`;
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
const table = (header, rows) =>
  [header, header.map((_, i) => (i === 0 ? "---" : "---:")), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

/** @param records with a `result` of `subbyte quickstart` */
function quickstartTables(records) {
  return records.map(({ result: { float, rows, parameters } }) =>
    table(
      ["bits", "method", "accuracy", "agreement with the simulation", "file", "compression"],
      [
        ["32", "float", percent(float.top1), "", kilobytes(4 * parameters), "1.0×"],
        ...rows.map((row) => [
          row.bits,
          row.method,
          percent(row.accuracy),
          percent(row.agreement),
          kilobytes(row.fileBytes),
          `${row.compression.toFixed(1)}×`,
        ]),
      ],
    ),
  );
}

/** @param records with a `result` of `subbyte evaluate` */
const evaluationTable = (records) =>
  table(
    ["model", "data", "images", "top-1", "loss"],
    records.map(({ result: { model, data, split, images, top1, loss } }) => [
      basename(model),
      `${data} ${split}`,
      images.toLocaleString("en"),
      percent(top1),
      loss.toFixed(4),
    ]),
  );

function render(files) {
  const records = files.map((file) => JSON.parse(readFileSync(join(root, "results", file), "utf8")));
  const tables = records.every(({ result }) => "rows" in result)
    ? quickstartTables(records)
    : [evaluationTable(records)];
  const sources = records.map(
    ({ commit, machine, date }, i) =>
      `\`results/${files[i]}\` (${date.slice(0, 10)}, ${commit ? `commit ${commit.hash.slice(0, 7)}` : "no commit"}, ${machine.cpu}, ${machine.cores} cores)`,
  );
  return `${tables.join("\n\n")}\n\nFrom ${sources.join(", ")}.\n`;
}

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
  const after = before.replaceAll(block, (whole, open, names, close) => {
    const files = names.trim().split(/ +/);
    return files.every((file) => existsSync(join(root, "results", file))) ? `${open}${render(files)}${close}` : whole;
  });
  if (after === before) continue;
  stale.push(name);
  if (!check) writeFileSync(path, after);
}
if (check && stale.length > 0) {
  console.error(`tables out of date in ${stale.join(", ")}: npm run docs:tables`);
  process.exitCode = 1;
} else console.log(stale.length === 0 ? "tables are up to date" : `written: ${stale.join(", ")}`);
