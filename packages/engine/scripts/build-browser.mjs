/**
 * Bundles the compiled package for browsers into `dist/browser/`: `index.js` for pages, `worker.js` for the worker that it
 * starts, and a file that both share. A `<script type="module">`, a content delivery network or a bundler loads these.
 *
 * Only the page has the kernels, which it compiles and posts to its worker, and only the page names the worker's file. If
 * shared code did so, bundlers would follow a cycle from the worker to itself. So each entry passes the platform and the
 * kernels to the shared part.
 */
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
rmSync(`${dist}browser`, { recursive: true, force: true });

/** Modules that replace those that the entries provide. */
const slots = {
  platform: "export let platform; export const setPlatform = (given) => void (platform = given);",
  kernels: `
    export let plainModule = "", relaxedModule = "";
    export const setKernels = (given) => void ({ plainModule, relaxedModule } = given);`,
  "index-gives": `
    import { setPlatform } from "slot:platform";
    import { setKernels } from "slot:kernels";
    import { platform } from "${dist}worker/platform.js";
    import * as kernels from "own:${dist}wasm/generated-kernels.js";
    setPlatform(platform);
    setKernels(kernels);`,
  "worker-gives": `
    import { setPlatform } from "slot:platform";
    import { platform } from "${dist}worker/inner-platform.js";
    setPlatform(platform);`,
  index: `import "slot:index-gives"; export * from "${dist}index.js";`,
  worker: `import "slot:worker-gives"; import "${dist}worker/worker.js";`,
};

/** @type {import("esbuild").Plugin} */
const givenByEntries = {
  name: "given-by-entries",
  setup({ onResolve, onLoad }) {
    const slot = (path) => ({ path, namespace: "slot", sideEffects: true });
    onResolve({ filter: /^slot:/ }, ({ path }) => slot(path.slice("slot:".length)));
    onResolve({ filter: /^own:/ }, ({ path }) => ({ path: path.slice("own:".length) }));
    onResolve({ filter: /^#platform$/ }, () => slot("platform"));
    onResolve({ filter: /^\.\/generated-kernels\.js$/ }, () => slot("kernels"));
    onLoad({ filter: /.*/, namespace: "slot" }, ({ path }) => ({ contents: slots[path], resolveDir: dist }));
  },
};

await build({
  entryPoints: { index: "slot:index", worker: "slot:worker" },
  outdir: `${dist}browser`,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  minify: true,
  sourcemap: true,
  logLevel: "warning",
  plugins: [givenByEntries],
});
