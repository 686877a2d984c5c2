/**
 * Checks that the first visit stays small, gzipped: what the first view waits for within 35 kB, and the page with everything that its
 * service worker keeps (styles, engine, workers; not onnxruntime-web, which is fetched on demand) within 150 kB. Needs the built page.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { siteFolder } from "./static-server.mjs";

const limit = 150_000;
const firstViewLimit = 35_000;
const [, list] =
  /\{files:(\[[^\]]*\])/.exec(
    readFileSync(join(siteFolder, "service-worker.js"), "utf8").replaceAll('"files"', "files"),
  ) ?? [];
if (list === undefined)
  throw new Error(`${siteFolder} has no list of files in service-worker.js; run "npm run build" first`);

const sizes = ["service-worker.js", ...JSON.parse(list)].map((name) => {
  const bytes = readFileSync(join(siteFolder, name));
  return { name, bytes: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length };
});
const html = readFileSync(join(siteFolder, "index.html"), "utf8");
const firstView = sizes.filter(({ name }) => name === "index.html" || html.includes(`"./${name}"`));
const firstViewTotal = firstView.reduce((sum, { gzip }) => sum + gzip, 0);
const total = sizes.reduce((sum, { gzip }) => sum + gzip, 0);
console.table(
  Object.fromEntries(
    [...sizes, { name: "first view", gzip: firstViewTotal }, { name: "total", gzip: total }].map(
      ({ name, ...size }) => [name, size],
    ),
  ),
);
if (total > limit) {
  console.error(`the first visit takes ${total} bytes gzipped, ${total - limit} more than its limit of ${limit}`);
  process.exitCode = 1;
}
if (firstViewTotal > firstViewLimit) {
  console.error(`the first view waits for ${firstViewTotal} bytes gzipped, more than its limit of ${firstViewLimit}`);
  process.exitCode = 1;
}
