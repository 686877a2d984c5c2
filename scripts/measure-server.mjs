/**
 * Writes results/server-load.json: the server under load, compared with the engine alone, and under more load than it can
 * serve.
 */

import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { load, preprocess, writeSbq } from "@subbyte/engine";
import { decodeBytes } from "@subbyte/toolkit/decode";
import { provenance, root, shared } from "./provenance.mjs";
import { closedLoop, openLoop, photograph } from "./server-load.mjs";
import { serve } from "./server-process.mjs";

const help = `Starts "subbyte serve" and measures it from another process, over loopback, with images that the server decodes.

  npm run --silent build && npm run bench:server

throughput  ResNet-20 at 4 bits, a 32-pixel image in each POST /classify, closed loop (autocannon), with one and two compute workers;
            compared with the engine alone: as many threads that decode, preprocess and run the same image
overload    MobileNet-v2 at 8 bits and 224 pixels, open loop at the server's capacity and at four times that

It fails if the results miss one of these targets: no error, at least 85 % of the bare engine's throughput with one compute worker and
70 % with two, at most 5 % more memory at the end than halfway; beyond capacity 429, and a p99 of at most 1.5 times that at capacity.
Memory is what the system says that the process takes (RSS), garbage included: the median of ten samples in the five seconds before
the middle, and in the five before the end.

  --experiments LIST  throughput,overload
  --seconds N         duration of each load (60)
  --connections N     connections of the closed loop (64)
  --resnet20 FILE     a .sbq file (made of ../shared/models/resnet20-cifar10.onnx)
  --mobilenet FILE    a .sbq file (made of ../shared/models/imagenet-mobilenet_v2_1.0_224.onnx)
  --out FILE          results (results/server-load.json)
  --help              this text
`;

async function main() {
  const { values } = parseArgs({
    options: {
      experiments: { type: "string", default: "throughput,overload" },
      seconds: { type: "string", default: "60" },
      connections: { type: "string", default: "64" },
      resnet20: { type: "string" },
      mobilenet: { type: "string" },
      out: { type: "string", default: join(root, "results", "server-load.json") },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  const seconds = Number(values.seconds);
  const folder = mkdtempSync(join(tmpdir(), "subbyte-load-"));
  const previous = existsSync(values.out) ? JSON.parse(readFileSync(values.out, "utf8")) : {};
  const results = { ...previous };
  try {
    for (const experiment of values.experiments.split(",")) {
      if (experiment === "throughput")
        results.throughput = await throughput(
          await modelFolder(folder, "resnet20", values.resnet20),
          seconds,
          Number(values.connections),
        );
      else if (experiment === "overload")
        results.overload = await overload(await modelFolder(folder, "mobilenet", values.mobilenet), seconds);
      else throw new Error(`there is no experiment "${experiment}"; see --help`);
      const { writeFileAtomic } = await import("@subbyte/toolkit");
      results.bars = bars(results);
      mkdirSync(join(values.out, ".."), { recursive: true });
      await writeFileAtomic(values.out, `${JSON.stringify(results, null, 2)}\n`);
    }
    console.table(results.bars);
    if (results.bars.some(({ holds }) => !holds)) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The targets of the server, and whether it reached them. */
function bars({ throughput, overload }) {
  const atMost = (what, found, limit) => ({ what, found, limit: `≤ ${limit}`, holds: found <= limit });
  const atLeast = (what, found, limit) => ({ what, found, limit: `≥ ${limit}`, holds: found >= limit });
  const found = [];
  for (const { workers, errors, notOk, ofBare, residentBytes } of throughput?.rows ?? []) {
    const named = (what) => `${what}, ${workers} compute workers`;
    found.push(atMost(named("requests without an answer of 200"), errors + notOk, 0));
    found.push(atLeast(named("throughput as a share of the bare engine's"), ofBare, workers === 1 ? 0.85 : 0.7));
    found.push(atMost(named("growth of resident memory from halfway to the end"), residentBytes.growth, 0.05));
  }
  if (overload !== undefined) {
    const others = ({ statuses, errors }) =>
      errors + Object.entries(statuses).reduce((sum, [status, n]) => sum + (/200|429/.test(status) ? 0 : n), 0);
    found.push(
      atMost(
        "answers but 200 and 429 in the open loop",
        overload.rows.map(others).reduce((a, b) => a + b),
        0,
      ),
    );
    found.push(atLeast("answers of 429 at four times the capacity", overload.rows[1].statuses[429] ?? 0, 1));
    found.push(atMost("p99 at four times the capacity over that at capacity", overload.p99Ratio, 1.5));
  }
  return found;
}

/** The float networks, and how their images are prepared. */
const sources = {
  resnet20: {
    float: "models/resnet20-cifar10.onnx",
    data: "data/cifar10.tgz",
    bits: 4,
    preprocessing: {
      channels: 3,
      height: 32,
      width: 32,
      resize: "exact",
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    },
  },
  mobilenet: {
    float: "models/imagenet-mobilenet_v2_1.0_224.onnx",
    data: "data/imagenette.tgz",
    bits: 8,
    preprocessing: {
      channels: 3,
      height: 224,
      width: 224,
      resize: "shorter-side",
      resizeTo: 256,
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5],
    },
  },
};

/**
 * A folder with the model as `model.sbq`, quantized by ranges if no file is given, because speed does not depend on the values.
 */
async function modelFolder(parent, name, file) {
  const folder = join(parent, name);
  mkdirSync(folder);
  const path = join(folder, "model.sbq");
  const { writeFileAtomic, lower, openImages, openModel, quantizeGraph } = await import("@subbyte/toolkit");
  if (file !== undefined) {
    await writeFileAtomic(path, readFileSync(file));
    return folder;
  }
  const { float, data, bits, preprocessing } = sources[name];
  process.stderr.write(`quantizing ${float}\n`);
  const { mean, std, height, resizeTo } = preprocessing;
  const { graph } = await openModel(join(shared, float));
  const images = await openImages(join(shared, data), {
    split: "train",
    size: height,
    limit: 64,
    ...(resizeTo === undefined ? {} : { resizeTo }),
  });
  const quantized = await quantizeGraph(graph, images, {
    method: "mse",
    policy: { weights: bits, activations: bits },
    mean,
    std,
    calibrationImages: 64,
    seed: 0,
  });
  await writeFileAtomic(path, writeSbq(lower(quantized, { preprocessing })));
  return folder;
}

async function throughput(folder, seconds, connections) {
  const image = await photograph(32);
  const file = readFileSync(join(folder, "model.sbq"));
  const rows = [];
  for (const workers of [1, 2]) {
    process.stderr.write(`throughput, ${workers} compute workers\n`);
    const before = await bare(file, image, workers, seconds / 4);
    const server = await serve(folder, workers);
    await closedLoop(server, image, connections, Math.min(5, seconds));
    const cpu = process.cpuUsage();
    const memory = Promise.all([memoryBefore(server, seconds / 2), memoryBefore(server, seconds)]);
    const loaded = await closedLoop(server, image, connections, seconds);
    const used = process.cpuUsage(cpu);
    const [halfway, end] = await memory;
    await server.stop();
    const after = await bare(file, image, workers, seconds / 4);
    const bareImages = (before + after) / 2;
    rows.push({
      workers,
      seconds,
      connections,
      imagesPerSecond: loaded.imagesPerSecond,
      bareImagesPerSecond: bareImages,
      ofBare: loaded.imagesPerSecond / bareImages,
      errors: loaded.errors,
      notOk: loaded.notOk,
      latencyMs: loaded.latencyMs,
      loadGeneratorCores: (used.user + used.system) / 1e6 / seconds,
      residentBytes: { halfway, end, growth: end.median / halfway.median - 1 },
    });
  }
  return { model: "ResNet-20", ...provenance(), rows };
}

/** Resident bytes in the five seconds before the time `seconds` from now: single samples rise and fall with each garbage collection. */
async function memoryBefore(server, seconds) {
  const samples = [];
  const count = 10;
  const apart = Math.min(5, seconds / 2) / count;
  await sleep(seconds - count * apart);
  for (let i = 0; i < count; i++) {
    await sleep(apart);
    samples.push(server.residentBytes());
  }
  samples.sort((a, b) => a - b);
  return { median: (samples[count / 2 - 1] + samples[count / 2]) / 2, least: samples[0], most: samples[count - 1] };
}

const sleep = (seconds) => new Promise((resolve) => setTimeout(resolve, Math.max(0, 1000 * seconds)));

/** Images per second of `threads` threads that decode, preprocess and run. */
async function bare(file, image, threads, seconds) {
  const counts = await Promise.all(
    Array.from({ length: threads }, async () => {
      const worker = new Worker(new URL(import.meta.url), { workerData: { file, image, seconds } });
      const [count] = await once(worker, "message");
      return count;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

async function bareEngine({ file, image, seconds }) {
  const model = await load(new Uint8Array(file), { worker: false, threads: 1 });
  const step = async () => model.run(preprocess(await decodeBytes(image), model.preprocessing));
  for (let i = 0; i < 20; i++) await step();
  const begun = performance.now();
  let count = 0;
  while (performance.now() - begun < 1000 * seconds) {
    await step();
    count++;
  }
  parentPort.postMessage((1000 * count) / (performance.now() - begun));
}

async function overload(folder, seconds) {
  const image = await photograph(256);
  process.stderr.write("overload: capacity\n");
  const server = await serve(folder, 1);
  // Enough that no thread is ever idle.
  await closedLoop(server, image, 12, Math.min(5, seconds));
  const { imagesPerSecond: capacity } = await closedLoop(server, image, 12, seconds / 2);
  const rows = [];
  for (const factor of [1, 4]) {
    process.stderr.write(`overload: ${factor} × ${capacity.toFixed(1)} images per second\n`);
    const cpu = process.cpuUsage();
    const row = await openLoop(server, image, factor * capacity, seconds);
    const used = process.cpuUsage(cpu);
    rows.push({ factor, ...row, loadGeneratorCores: (used.user + used.system) / 1e6 / seconds });
  }
  await server.stop();
  return {
    model: "MobileNet-v2",
    ...provenance(),
    seconds,
    capacityImagesPerSecond: capacity,
    rows,
    p99Ratio: rows[1].acceptedLatencyMs.p99 / rows[0].acceptedLatencyMs.p99,
  };
}

if (isMainThread) await main();
else await bareEngine(workerData);
