/**
 * Writes results/engine-equality.json: compares the engine's logits in every tier, with every number of threads and every way
 * to share work, bit for bit.
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { load } from "@subbyte/engine";
import { evaluateClassifier, openImages, writeFileAtomic } from "@subbyte/toolkit";
import { quantizeModel } from "@subbyte/toolkit/tasks";
import { named, provenance, root, shared } from "./provenance.mjs";

const help = `Quantizes a network by ranges at several bit widths and runs all test images through every tier of the engine with 1, 2
and 3 threads, which share each image ("tiles") or take one each ("images"). Compares every logit, bit for bit, with those
of one thread in plain SIMD. The exit status is 1 if any differs.

  npm run --silent build && node scripts/measure-engine-equality.mjs --scalar

Each finished run is a row of the results, and is not run again, so an interrupted measurement can be continued.

  --configurations LIST  bit widths of weights and activations (W8A8,W4A8,W4A4,W3A3,W2A2)
  --tiers LIST           tiers of WebAssembly (simd,relaxed,fused); "" for none
  --threads LIST         numbers of threads (1,2,3)
  --scalar               also the scalar TypeScript, after the others; takes minutes per bit width
  --scalar-threads N     threads for --scalar, each with an image of its own (1)
  --again                repeats runs that the results already have
  --limit N              only about N images; give another --out with it
  --model FILE           float network (../shared/models/resnet20-cifar10.onnx)
  --data FILE            images (../shared/data/cifar10.tgz)
  --mean, --std LIST     normalization (0.485,0.456,0.406 and 0.229,0.224,0.225)
  --out FILE             results (results/engine-equality.json)
  --help                 this text
`;
const { values } = parseArgs({
  options: {
    configurations: { type: "string", default: "W8A8,W4A8,W4A4,W3A3,W2A2" },
    tiers: { type: "string", default: "simd,relaxed" },
    threads: { type: "string", default: "1,2,3" },
    scalar: { type: "boolean", default: false },
    "scalar-threads": { type: "string", default: "1" },
    again: { type: "boolean", default: false },
    limit: { type: "string" },
    model: { type: "string", default: join(shared, "models", "resnet20-cifar10.onnx") },
    data: { type: "string", default: join(shared, "data", "cifar10.tgz") },
    mean: { type: "string", default: "0.485,0.456,0.406" },
    std: { type: "string", default: "0.229,0.224,0.225" },
    out: { type: "string", default: join(root, "results", "engine-equality.json") },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}

const words = (list) => list.split(",").filter(Boolean);
const numbers = (list) => words(list).map(Number);
const rounded = (value, digits) => Number(value.toFixed(digits));
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const [mean, std] = [numbers(values.mean), numbers(values.std)];
const waysToRun = [
  ...words(values.tiers).flatMap((tier) =>
    numbers(values.threads).flatMap((threads) => ["tiles", "images"].map((parallel) => ({ tier, threads, parallel }))),
  ),
  ...(values.scalar ? [{ tier: "scalar", threads: Number(values["scalar-threads"]), parallel: "images" }] : []),
];

const test = await openImages(values.data, {
  split: "test",
  ...(values.limit === undefined ? {} : { limit: Number(values.limit) }),
});
/** All images in one batch. */
const { value: batch } = await test.batches({ batchSize: test.length })[Symbol.asyncIterator]().next();

/**
 * The network with ranges by squared error, as the bytes of a `.sbq` file; made on one thread, so that they are the same
 * everywhere.
 */
async function quantizedFile(configuration) {
  const [, weights, activations] = /^W([2-8])A([2-8])$/.exec(configuration) ?? [];
  if (weights === undefined) throw new Error(`a configuration is W2A2 … W8A8, not "${configuration}"`);
  const out = join(root, "runs", "engine-equality", `${configuration}.sbq`);
  mkdirSync(dirname(out), { recursive: true });
  const { model, data } = values;
  const bits = { weights: Number(weights), activations: Number(activations) };
  await quantizeModel({ model, data, mean, std, ...bits, method: "mse", force: true, threads: 1, out });
  return new Uint8Array(readFileSync(out));
}

/** Logits `[count, classes]` of all images, with the tier, threads and time; the time does not include loading. */
async function run(file, { tier, threads, parallel }) {
  const loadBefore = rounded(loadavg()[0], 2);
  const engine = await load(file, { tier, threads, parallel, worker: parallel === "images" });
  try {
    if (engine.fallback) throw engine.fallback;
    if (engine.tier !== tier || engine.threads !== threads)
      throw new Error(`this machine gives ${engine.tier} with ${engine.threads} threads, not ${tier} with ${threads}`);
    const start = performance.now();
    const logits = await engine.run(batch.images);
    return { logits, seconds: (performance.now() - start) / 1000, loadBefore };
  } finally {
    engine.dispose();
  }
}

/** The number of floats of two lists that differ in any bit. */
function differences(a, b) {
  if (a.length !== b.length) throw new Error(`${a.length} logits and ${b.length}`);
  const [x, y] = [a, b].map((list) => new Uint32Array(list.buffer, list.byteOffset, list.length));
  return x.reduce((sum, bits, i) => (bits === y[i] ? sum : sum + 1), 0);
}

/** Top-1 accuracy of the logits of all images. */
const accuracy = async (logits) => (await evaluateClassifier(() => logits, test, { batchSize: test.length })).top1;

const recorded = () => (existsSync(values.out) ? JSON.parse(readFileSync(values.out, "utf8")).result.runs : []);
const sameRun = (a) => (b) => ["configuration", "tier", "threads", "parallel"].every((key) => a[key] === b[key]);

/** Adds a row to the results. The file is read again for each row, so that two measurements can run at the same time. */
async function record(row) {
  const runs = recorded();
  const at = runs.findIndex(sameRun(row));
  runs.splice(at === -1 ? runs.length : at, 1, row);
  const file = { model: named(values.model), data: named(values.data), result: { runs } };
  await writeFileAtomic(values.out, `${JSON.stringify(file, null, 2)}\n`);
}

for (const configuration of words(values.configurations)) {
  const known = recorded();
  const missing = waysToRun.filter((way) => values.again || !known.some(sameRun({ configuration, ...way })));
  if (missing.length === 0) continue;
  const file = await quantizedFile(configuration);
  const fileSha256 = sha256(file);
  const other = known.find((row) => row.configuration === configuration && row.fileSha256 !== fileSha256);
  if (other || known.some((row) => row.images !== test.length))
    throw new Error(
      `${values.out} has runs of another ${configuration} network or other images; remove it, or give another --out`,
    );
  // Computed again, because the results have only the hash of the logits.
  const { logits: expected } = await run(file, { tier: "simd", threads: 1, parallel: "tiles" });
  for (const way of missing) {
    if (way.tier === "scalar") process.stderr.write(`${configuration} scalar, which takes minutes …\n`);
    const { logits, seconds, loadBefore } = await run(file, way);
    const row = {
      configuration,
      fileSha256,
      images: test.length,
      ...way,
      differing: differences(logits, expected),
      logitsSha256: sha256(logits),
      accuracy: rounded(await accuracy(logits), 4),
      seconds: rounded(seconds, 2),
      loadBefore,
      ...provenance(),
    };
    await record(row);
    process.stdout.write(
      `${configuration} ${way.tier}, ${way.threads} × ${way.parallel}: ${row.seconds} s for ${test.length} images, ` +
        `${(100 * row.accuracy).toFixed(2)} %, ${row.differing} of ${logits.length} logits differ\n`,
    );
  }
}

const runs = recorded();
// The hashes are compared too, because rows can be from several runs of this script.
const unequal = runs.filter(
  ({ configuration, differing, logitsSha256 }) =>
    differing > 0 || logitsSha256 !== runs.find((row) => row.configuration === configuration).logitsSha256,
);
for (const { configuration, tier, threads, parallel, differing } of unequal)
  process.stderr.write(
    `NOT EQUAL: ${configuration} ${tier}, ${threads} × ${parallel}: ${differing || "some"} logits differ\n`,
  );
process.exit(unequal.length > 0 ? 1 : 0);
