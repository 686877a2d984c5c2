/**
 * Feeds hostile input to every reader of outside data, for the given number of minutes in all:
 *
 *   npm run fuzz -- [--minutes 2] [--seed N] [--results FILE] [--faults FOLDER] [target…]
 *   npm run fuzz -- --replay target:seed
 *
 * A case depends on its seed alone, so `--replay` repeats a fault. The folder of faults keeps a description of each fault
 * and, if the input is a file, the file. Each target runs in its own process, under observation: a case that ends the
 * process, takes too long or takes too much memory is a fault, as is a wrong error. Needs the built packages.
 *
 * Rows of targets that are not run stay in the results, so a target whose faults were mended can be run alone. Each row
 * names its command and commit.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundleTargets } from "./fuzz/bundle.mjs";
import { targets } from "./fuzz/targets.mjs";
import { fuzzTarget, saveCase } from "./fuzz/watch.mjs";
import { provenance } from "./provenance.mjs";

const usage = (problem) => {
  console.error(`${problem}. Targets are ${Object.keys(targets).join(", ")}.`);
  process.exit(2);
};

/** Faults that differ in more than numbers and names, with the number of times that each kind occurred. */
function kindsOf(faults) {
  const kinds = new Map();
  for (const fault of faults) {
    const kind = fault.problem
      .split("\n")
      .slice(0, 2)
      .join()
      .replaceAll(/"[^"]*"|[\d.]+/g, "");
    const { times, ...first } = kinds.get(kind) ?? { ...fault, times: 0 };
    kinds.set(kind, { ...first, times: times + 1 });
  }
  return [...kinds.values()];
}

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string", default: "2" },
    seed: { type: "string", default: String(Math.floor(Date.now() / 1000) * 1000) },
    results: { type: "string" },
    replay: { type: "string" },
    faults: { type: "string", default: "fuzz-faults" },
  },
});
const [replayed, replayedSeed] = given.replay?.split(":") ?? [];
const names = replayed !== undefined ? [replayed] : positionals.length > 0 ? positionals : Object.keys(targets);
for (const name of names) if (!Object.hasOwn(targets, name)) usage(`there is no target "${name}"`);
const seed = Number(replayedSeed ?? given.seed);
const minutes = Number(given.minutes);
if (!Number.isSafeInteger(seed) || seed < 0) usage("a seed is a non-negative integer");
if (!(minutes > 0)) usage("--minutes is a positive number");

const folder = mkdtempSync(join(tmpdir(), "subbyte-fuzz-"));
const bundles = await bundleTargets(names);
const rows = [];
try {
  for (const name of names) {
    const work = join(folder, name);
    mkdirSync(work);
    const budgetMs = replayed === undefined ? (60_000 * minutes) / names.length : 0;
    const row = await fuzzTarget({ name, bundle: bundles[name], folder: work, seed, budgetMs });
    rows.push({ target: name, input: targets[name], ...row });
    const { cases, accepted, refused, slowestMs, faults } = row;
    console.log(
      `${name.padEnd(12)} from seed ${seed}: ${cases} cases, ${accepted} accepted, ${refused} refused, ` +
        `slowest ${slowestMs} ms, ${faults.length} faults`,
    );
    for (const { seed: at, problem, times } of kindsOf(faults)) {
      const kept = join(given.faults, `${name}-${at}`);
      mkdirSync(given.faults, { recursive: true });
      writeFileSync(`${kept}.txt`, `npm run fuzz -- --replay ${name}:${at}\n\n${problem}\n`);
      const isSaved = await saveCase({ bundle: bundles[name], folder: work, seed: at }, resolve(kept));
      console.log(`  --replay ${name}:${at} (and ${times - 1} like it${isSaved ? `; ${kept}` : ""})`);
      console.log(`    ${problem.replaceAll("\n", "\n    ")}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (given.results !== undefined) {
  const made = rows.map((row) => ({ ...row, ...provenance() }));
  const { rows: earlier, ...run } = existsSync(given.results)
    ? JSON.parse(readFileSync(given.results, "utf8"))
    : { rows: [] };
  // Older files have one provenance for all rows.
  const { minutes: _, ...ofAll } = run;
  const kept = earlier.filter(({ target }) => !names.includes(target)).map((row) => ({ ...ofAll, ...row }));
  const order = Object.keys(targets);
  const all = [...kept, ...made].sort((a, b) => order.indexOf(a.target) - order.indexOf(b.target));
  writeFileSync(given.results, `${JSON.stringify({ rows: all }, null, 2)}\n`);
}
if (rows.some(({ faults }) => faults.length > 0)) process.exitCode = 1;
