/**
 * Bundles the compiled package for browsers into `dist/browser/`: `index.js` for pages, `worker.js` for the worker that it
 * starts, and what both share. These are what a `<script type="module">`, a content delivery network or a bundler gets.
 */
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
rmSync(`${dist}browser`, { recursive: true, force: true });
await build({
  entryPoints: { index: `${dist}index.js`, worker: `${dist}worker/worker.js` },
  outdir: `${dist}browser`,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "browser",
  target: "es2022",
  minify: true,
  sourcemap: true,
  logLevel: "warning",
});
