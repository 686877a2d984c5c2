/**
 * Fills results/load.json: processor time (of all threads) and wall time of `load` in fresh processes, and the memory of the loaded
 * model, for the bench's networks with random weights. The networks take turns.
 *
 *   npm run --silent build && node scripts/measure-load.mjs [turns, 15 by default] [network…]     with Node 24, on a quiet machine
 *
 * With networks named (`mobilenet_v2-96-w4a4`), nothing is written.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { load, writeSbq } from "@subbyte/engine";
import { mobilenetV2, resnet18 } from "../packages/engine/scripts/networks.mjs";

const builders = { mobilenet_v2: mobilenetV2, resnet18 };
const all = [
  "mobilenet_v2-96-w4a4",
  "mobilenet_v2-96-w8a8",
  "mobilenet_v2-224-w4a4",
  "resnet18-224-w4a4",
  "resnet18-224-w2a2",
];

if (process.argv[2] === "load") await measure(process.argv[3], process.argv[4]);
else await race(Number(process.argv[2] ?? 15), process.argv.slice(3));

/** Loads one file, and prints what it took. */
async function measure(path, tier) {
  const file = new Uint8Array(readFileSync(path));
  const before = process.cpuUsage();
  const start = performance.now();
  const model = await load(file, tier === undefined ? {} : { tier });
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  const [height, width, channels] = [model.inputShape[1], model.inputShape[2], model.inputShape[0]];
  const image = Uint8Array.from({ length: height * width * channels }, (_, i) => (i * 151) % 256);
  const first = performance.now();
  const logits = await model.run(image);
  const firstImage = performance.now() - first;
  const hash = createHash("sha256").update(new Uint8Array(logits.slice().buffer)).digest("hex");
  const { tier: taken, peakBytes } = model;
  console.log(JSON.stringify({ cpu: (user + system) / 1000, wall, firstImage, tier: taken, peakBytes, hash }));
}

async function race(turns, named) {
  const loadBefore = loadavg()[0];
  const networks = named.length === 0 ? all : named;
  const folder = mkdtempSync(join(tmpdir(), "subbyte-load-"));
  try {
    const files = new Map();
    for (const network of networks) {
      const [, builder, size, weights, activations] = /^(.+)-(\d+)-w(\d)a(\d)$/.exec(network);
      const program = builders[builder]({
        size: Number(size),
        weights: Number(weights),
        activations: Number(activations),
      });
      files.set(network, join(folder, `${network}.sbq`));
      writeFileSync(files.get(network), writeSbq(program));
    }
    const answers = new Map(networks.map((network) => [network, []]));
    for (let turn = 0; turn < turns; turn++)
      for (const network of networks) {
        const child = spawnSync(process.execPath, [process.argv[1], "load", files.get(network)], { encoding: "utf8" });
        if (child.status !== 0) throw new Error(`${network}: ${child.stderr}`);
        answers.get(network).push(JSON.parse(child.stdout));
      }
    const rows = networks.map((network) => {
      const runs = answers.get(network);
      const median = (key) => runs.map((run) => run[key]).toSorted((a, b) => a - b)[runs.length >> 1];
      const { tier, peakBytes, hash } = runs[0];
      if (runs.some((run) => run.hash !== hash)) throw new Error(`${network}: runs give other logits`);
      const fileBytes = readFileSync(files.get(network)).length;
      const row = {
        network,
        tier,
        cpuMilliseconds: median("cpu"),
        wallMilliseconds: median("wall"),
        firstImageMilliseconds: median("firstImage"),
        fileBytes,
        peakBytes,
      };
      console.log(
        `${network} (${tier}): ${row.cpuMilliseconds.toFixed(1)} ms of CPU time, ${row.wallMilliseconds.toFixed(1)} ms, then ` +
          `${row.firstImageMilliseconds.toFixed(2)} ms; ${(peakBytes / 1e6).toFixed(1)} MB, file ${(fileBytes / 1e6).toFixed(1)} MB ${hash.slice(0, 8)}`,
      );
      return row;
    });
    if (named.length === 0) {
      const { provenance, root } = await import("./provenance.mjs");
      const record = { ...provenance(), result: { turns, loadBefore, loads: rows } };
      writeFileSync(join(root, "results", "load.json"), `${JSON.stringify(record, null, 2)}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
