/**
 * Makes the parts of two packages that the toolkit ships, because the whole packages are many times larger: the digits of
 * `mnist` (41 MB of JSON and pages, 1.5 MB here) and the bundle of `echarts` (67 MB with its parts, 1.1 MB here). Both go into
 * `dist/vendor/`.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const vendor = fileURLToPath(new URL("../dist/vendor/", import.meta.url));
const require = createRequire(import.meta.url);
const folderOf = (name) => require.resolve(`${name}/package.json`).replace(/package\.json$/, "");
const versionOf = (name) => JSON.parse(readFileSync(`${folderOf(name)}package.json`, "utf8")).version;

/** The number of images of each digit (ten uint32, little-endian), then the images of all digits as bytes, in that order. */
function digits() {
  const images = Array.from({ length: 10 }, (_, digit) => {
    const { data } = JSON.parse(readFileSync(require.resolve(`mnist/src/digits/${digit}.json`), "utf8"));
    return Uint8Array.from(data, (value) => Math.round(value * 255));
  });
  const counts = Buffer.alloc(40);
  images.forEach((bytes, digit) => {
    counts.writeUInt32LE(bytes.length / 784, 4 * digit);
  });
  return gzipSync(Buffer.concat([counts, ...images]), { level: 9 });
}

const stamp = `mnist ${versionOf("mnist")}, echarts ${versionOf("echarts")}, script 1`;
const stampFile = `${vendor}versions.txt`;
if (!existsSync(stampFile) || readFileSync(stampFile, "utf8") !== stamp) {
  mkdirSync(vendor, { recursive: true });
  writeFileSync(`${vendor}mnist.bin.gz`, digits());
  writeFileSync(`${vendor}mnist.LICENSE.txt`, readFileSync(`${folderOf("mnist")}LICENSE`));
  await build({
    stdin: { contents: 'export * from "echarts";', resolveDir: folderOf("echarts") },
    outfile: `${vendor}echarts.js`,
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2023",
    minify: true,
    legalComments: "eof",
    logLevel: "warning",
  });
  writeFileSync(`${vendor}echarts.d.ts`, 'export * from "echarts";\n');
  for (const file of ["LICENSE", "NOTICE"])
    writeFileSync(`${vendor}echarts.${file}.txt`, readFileSync(`${folderOf("echarts")}${file}`));
  writeFileSync(stampFile, stamp);
}
