/**
 * Writes results/engine-arm64.json: the engine on an emulated arm64 processor. The script compares the logits of every
 * tier with those of this machine, and counts the instructions of one image in our engine and in LiteRT.js.
 * packages/engine/scripts/arm64/emulator.mjs names what it needs.
 *
 *   npm run --silent build && SUBBYTE_ARM64_NODE=FILE node scripts/measure-engine-arm64.mjs
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  emulatorVersion,
  executedPerImage,
  missing,
  runOnArm64,
  withPlugin,
} from "../packages/engine/scripts/arm64/emulator.mjs";
import { benchNetwork } from "../packages/toolkit/dist/bench/network.js";
import { int8Tflite, quantizedFile } from "../packages/toolkit/dist/bench/quantized.js";
import { provenance, root } from "./provenance.mjs";

const why = missing();
if (why !== undefined) {
  console.error(why);
  process.exit(1);
}
const guest = (name) => join(root, "packages/engine/scripts/arm64", name);
const [engine, litert] = [guest("run-engine.mjs"), guest("run-litert.mjs")];
/** Networks whose logits are compared; they are small enough for the scalar tier. */
const compared = [
  ["resnet18", 64],
  ["resnet20", 32],
  ["mobilenet_v2", 96],
];
const counted = [
  ["mobilenet_v2", 224],
  ["resnet18", 224],
];
const widths = [8, 4, 2];
const tiers = ["simd", "relaxed", "fused"];
/** After this many images, V8 has compiled the kernels with its optimizing compiler. */
const warmImages = 4;
const measuredImages = 3;
const imageCount = String(warmImages + measuredImages);
/** The tiers whose instructions are counted: the fused products, and the tier below. */
const countedTiers = ["relaxed", "fused"];
const countedWidths = [8, 4];

const rows = (text) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

const folder = mkdtempSync(join(tmpdir(), "subbyte-arm64-"));
try {
  await measure();
} finally {
  rmSync(folder, { recursive: true });
}

async function measure() {
  const equality = [];
  const images = [];
  await withPlugin((plugin) =>
    Promise.all([
      ...counted.map(async ([architecture, size]) => {
        images.push(...(await countAll(await benchNetwork(architecture, size, { seed: 0 }), plugin)));
      }),
      (async () => {
        for (const [architecture, size] of compared) {
          const network = await benchNetwork(architecture, size, { seed: 0 });
          for (const bits of widths) equality.push(...(await compare(network, bits)));
        }
      })(),
    ]),
  );
  const { stdout } = await runOnArm64(["-p", "JSON.stringify([process.version, process.versions.v8])"]);
  const [node, v8] = JSON.parse(stdout);
  const { version } = createRequire(litert)("@litertjs/core/package.json");
  const result = { emulator: emulatorVersion(), node, v8, litert: version, equality, executed: images };
  writeFileSync(
    join(root, "results", "engine-arm64.json"),
    `${JSON.stringify({ ...provenance(), result }, null, 2)}\n`,
  );
  process.exitCode = equality.every(({ equal }) => equal) ? 0 : 1;
}

/** Writes a file for the other processes. @returns its path */
function file(network, name, bytes) {
  const path = join(folder, `${network.key}-${name}`);
  writeFileSync(path, bytes);
  return path;
}

/** Logits of all tiers on arm64 against those of plain SIMD on this machine. */
async function compare(network, bits) {
  const path = file(network, `w${bits}`, await quantizedFile(network, bits));
  const [expected] = rows(execFileSync(process.execPath, [engine, "simd", "1", path], { encoding: "utf8" }));
  const { stdout } = await runOnArm64([engine, `scalar,${tiers.join(",")},auto`, "1", path]);
  const asked = ["scalar", ...tiers, "auto"];
  return rows(stdout).map(({ tier, fusedProduct, logits }, i) => {
    const equal = logits === expected.logits;
    console.log(`${network.key} W${bits}A${bits}, ${asked[i]}: ${tier}, ${equal ? "equal" : "OTHER LOGITS"}`);
    return { network: network.key, bits, asked: asked[i], tier, ...(fusedProduct && { fusedProduct }), equal };
  });
}

/** Counts the instructions of a network in our forms and in LiteRT.js. */
async function countAll(network, plugin) {
  const rows = [];
  for (const bits of countedWidths)
    for (const tier of countedTiers) {
      const path = file(network, `w${bits}`, await quantizedFile(network, bits));
      rows.push(await count(network, `own-w${bits}a${bits}`, [engine, tier, imageCount, path], plugin, tier));
    }
  const args = [litert, imageCount, file(network, "int8", await int8Tflite(network))];
  rows.push(await count(network, "litert-int8", args, plugin));
  rows.push(await count(network, "litert-int8-optimized", ["--no-liftoff", ...args], plugin));
  return rows;
}

/** Counts the instructions of one image: the median of the measured images. */
async function count(network, contestant, args, plugin, tier) {
  const { stderr } = await runOnArm64(args, plugin);
  const measured = executedPerImage(stderr).slice(-measuredImages);
  const median = (key) => measured.map((image) => image[key]).toSorted((a, b) => a - b)[measured.length >> 1];
  const row = {
    network: network.key,
    contestant,
    ...(tier && { tier }),
    instructions: median("instructions"),
    sdot: median("dots"),
  };
  console.log(`${row.network} ${contestant} ${tier ?? ""}: ${row.instructions / 1e6} million, ${row.sdot / 1e6} sdot`);
  return row;
}
