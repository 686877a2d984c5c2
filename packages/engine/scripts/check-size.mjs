/**
 * Checks that the engine stays small: all files that a page loads (engine, worker, WebAssembly modules), minified and gzipped,
 * within 64 kB. Needs the built package. Brotli is printed for information.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const limit = 64_000;
const folder = fileURLToPath(new URL("../dist/browser/", import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith(".js"));
if (!files.includes("index.js") || !files.includes("worker.js"))
  throw new Error(`${folder} has no bundle; run "npm run build" first`);

const sizes = files.map((name) => {
  const bytes = readFileSync(folder + name);
  return {
    name,
    minified: bytes.length,
    gzip: gzipSync(bytes, { level: 9 }).length,
    brotli: brotliCompressSync(bytes).length,
  };
});
const total = (key) => sizes.reduce((sum, size) => sum + size[key], 0);
sizes.push({ name: "total", minified: total("minified"), gzip: total("gzip"), brotli: total("brotli") });
console.table(Object.fromEntries(sizes.map(({ name, ...size }) => [name, size])));

const { gzip } = sizes.at(-1);
if (gzip > limit) {
  console.error(`the engine takes ${gzip} bytes gzipped, ${gzip - limit} more than its limit of ${limit}`);
  process.exitCode = 1;
}
