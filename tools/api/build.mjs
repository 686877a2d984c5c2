/**
 * Builds the API reference into dist/api from the docstrings of the packages, which must be built before: `npm run docs:api`.
 * A missing docstring or a link that leads nowhere is an error. `--check` writes no pages.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Application, LogLevel, OptionDefaults } from "typedoc";

const root = join(import.meta.dirname, "../..");
const isCheck = process.argv.includes("--check");

const packages = [
  { folder: "graph", entries: ["index"] },
  { folder: "engine", entries: ["index", "worker/worker", "error-reference"] },
  {
    folder: "toolkit",
    entries: [
      "index",
      "tasks/index",
      "options/index",
      "options/json-schema",
      "options/file",
      "decode",
      "error-reference",
    ],
  },
  { folder: "server", entries: ["index"] },
];

const documented = [
  "Class",
  "Function",
  "Interface",
  "TypeAlias",
  "Variable",
  "Enum",
  "EnumMember",
  "Method",
  "Accessor",
];

const common = {
  excludeExternals: true,
  excludePrivate: true,
  disableSources: true,
  // Files begin with a comment of their own.
  blockTags: [...OptionDefaults.blockTags, "@file"],
  excludeTags: [...OptionDefaults.excludeTags, "@file"],
  logLevel: LogLevel.Warn,
  validation: { notExported: false, invalidLink: true, notDocumented: true, rewrittenLink: true },
  requiredToBeDocumented: documented,
};

/** One package as TypeDoc's JSON. */
async function referenceOf({ folder, entries }, into) {
  const base = join(root, "packages", folder);
  const app = await Application.bootstrap({
    ...common,
    name: `@subbyte/${folder}`,
    basePath: base,
    entryPoints: entries.map((entry) => join(base, "src", `${entry}.ts`)),
    tsconfig: join(base, "tsconfig.json"),
    readme: join(base, "README.md"),
  });
  const project = await app.convert();
  if (project === undefined) return undefined;
  app.validate(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) return undefined;
  const file = join(into, `${folder}.json`);
  writeFileSync(file, JSON.stringify(app.serializer.projectToObject(project, root)));
  return file;
}

const into = mkdtempSync(join(tmpdir(), "subbyte-api-"));
try {
  const files = [];
  for (const each of packages) files.push(await referenceOf(each, into));
  if (files.includes(undefined)) process.exitCode = 1;
  else if (isCheck) console.log("the API reference has no warnings");
  else {
    const app = await Application.bootstrap({
      name: "Subbyte",
      entryPointStrategy: "merge",
      entryPoints: files,
      readme: join(root, "README.md"),
      hideGenerator: true,
      logLevel: LogLevel.Warn,
    });
    const project = await app.convert();
    const out = join(root, "dist/api");
    await app.generateDocs(project, out);
    console.log(`the API reference is at ${join(out, "index.html")}`);
  }
} finally {
  rmSync(into, { recursive: true, force: true });
}
