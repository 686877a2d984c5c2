/** Bundles targets: they are TypeScript, as are the tests' helpers that they share. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "../provenance.mjs";

/** The folder from which imports of packages are resolved. */
const folder = join(root, "node_modules/.cache/subbyte-fuzz");

/** The server starts workers that lie beside its built files. */
const builtServer = {
  name: "built server",
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/src\/server\.js$/ }, () => ({ path: "@subbyte/server", external: true })),
};

/** The paths of the bundles by target. */
export async function bundleTargets(names) {
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: names.map((name) => join(import.meta.dirname, `targets/${name}.ts`)),
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    alias: { vitest: join(import.meta.dirname, "no-vitest.mjs") },
    plugins: [builtServer],
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    logLevel: "error",
  });
  return Object.fromEntries(names.map((name) => [name, join(folder, `${name}.mjs`)]));
}
