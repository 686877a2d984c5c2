/**
 * Checks which code may import which: packages by the table below, `onnxruntime-node` only in toolkit/runtime and
 * server/compute, `sharp` only in toolkit/data, Node's modules in the engine only in its `node` file.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

const root = join(import.meta.dirname, "..");
const mayImport = {
  graph: [],
  engine: [],
  toolkit: ["@subbyte/graph", "@subbyte/engine"],
  server: ["@subbyte/engine", "@subbyte/toolkit/decode"],
  web: ["@subbyte/engine"],
  cli: ["@subbyte/toolkit/tasks", "@subbyte/toolkit/options", "@subbyte/toolkit/errors", "@subbyte/server"],
};
/** A module that is loaded when a command runs, not for its help; static imports of it must be type imports. */
const lazily = { place: "packages/cli/src/", module: "@subbyte/toolkit/tasks" };
/** The console, environment and exit of the process, which tasks leave to their callers. */
const processWide = {
  place: "packages/toolkit/src/",
  except: ["packages/toolkit/src/runtime/onnxruntime.ts", "packages/toolkit/src/study/child.ts"],
  use: /\bconsole\.\w+\(|\bprocess\.(stdout|stderr|env|exit)\b/,
};
/** Modules that only the given folders may import. */
const onlyIn = [
  { module: /^onnxruntime-node/, places: ["packages/toolkit/src/runtime/", "packages/server/src/compute/"] },
  { module: /^sharp$/, places: ["packages/toolkit/src/data/"] },
];

const sources = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name));

const isLazilyLoaded = (statement) => statement.endsWith(`"${lazily.module}"`) && !statement.startsWith("import type");

const faults = [];
for (const [name, allowed] of Object.entries(mayImport)) {
  for (const file of sources(join(root, "packages", name, "src"))) {
    const place = relative(root, file);
    const text = readFileSync(file, "utf8");
    if (place.startsWith(lazily.place) && text.match(/^import [^;]*?from "([^"]+)"/gm)?.some(isLazilyLoaded))
      faults.push(`${place}: ${lazily.module} is imported when a command runs: await import("${lazily.module}")`);
    const used =
      place.startsWith(processWide.place) && !processWide.except.includes(place) ? processWide.use.exec(text) : null;
    if (used !== null) faults.push(`${place}: ${used[0]} belongs to the process; the toolkit leaves it to its callers`);
    for (const [, , module] of text.matchAll(/(from\s+|import\s*\(\s*|import\s+)"([^"]+)"/g)) {
      const ours = module.startsWith("@subbyte/") || module === "subbyte";
      if (ours && !allowed.some((item) => module === item || module.startsWith(`${item}/`)))
        faults.push(`${place}: ${name} must not import ${module}`);
      if (name === "engine" && !/^[.#]/.test(module) && !place.startsWith("packages/engine/src/node/"))
        faults.push(`${place}: the engine has no dependency and no Node API outside src/node/, found ${module}`);
      for (const rule of onlyIn)
        if (rule.module.test(module) && !rule.places.some((each) => place.startsWith(each)))
          faults.push(`${place}: only ${rule.places.join(" and ")} may import ${module}`);
    }
  }
}
for (const fault of faults) console.error(fault);
console.log(faults.length === 0 ? "import rules hold" : `${faults.length} imports break the rules`);
process.exitCode = faults.length === 0 ? 0 : 1;
