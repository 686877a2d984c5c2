/**
 * Runs the tests that take networks of many exporters from the file to the engine, and records the results in
 * results/networks.json. `--all` adds torchvision's families (needs Python with torch and torchvision; hours on two
 * cores); words after it select tests by name. Rows that are not measured again stay.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { provenance, root } from "./provenance.mjs";

const results = join(root, "results", "networks.json");
const arguments_ = process.argv.slice(2);
const all = arguments_.includes("--all");
const name = arguments_.filter((word) => word !== "--all").join(" ");
const folder = mkdtempSync(join(tmpdir(), "subbyte-networks-"));
const rows = join(folder, "rows.json");
const files = all
  ? ["torchvision.all.test.ts"]
  : ["exporters.long.test.ts", "torch-forms.long.test.ts", "torchvision.long.test.ts"];

const { status } = spawnSync(
  "npx",
  [
    ...["vitest", "run", "--maxWorkers=1", ...(name ? ["-t", name] : [])],
    ...files.map((file) => join("packages", "toolkit", "test", file)),
  ],
  { cwd: root, stdio: "inherit", env: { ...process.env, SUBBYTE_NETWORKS: rows } },
);
if (existsSync(rows)) {
  const measured = Object.values(JSON.parse(readFileSync(rows, "utf8"))).map((row) => ({ ...row, ...provenance() }));
  const key = ({ exporter, network, form }) => [exporter, network, form].join(": ");
  const before = existsSync(results) ? JSON.parse(readFileSync(results, "utf8")).result.networks : [];
  const merged = new Map([...before, ...measured].map((row) => [key(row), row]));
  const networks = [...merged.values()].toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  writeFileSync(results, `${JSON.stringify({ result: { networks } }, undefined, 2)}\n`);
}
rmSync(folder, { recursive: true });
process.exitCode = status ?? 1;
