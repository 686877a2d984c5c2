/**
 * Writes results/load.json: processor time (of all threads) and wall time of `load` in fresh processes, and the memory of the
 * loaded model, for the bench's networks with random weights. The networks take turns.
 *
 *   npm run --silent build && node scripts/measure-load.mjs [--against FOLDER] [turns, 15 by default] [network…]
 *
 * with Node 24, on a quiet machine. `--against` names a checkout of another commit, with its engine built, which takes turns with this one.
 * With networks named (`mobilenet_v2-96-w4a4`), nothing is written.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { writeSbq } from "@subbyte/engine";
import { mobilenetV2, resnet18 } from "../packages/engine/scripts/networks.mjs";

const builders = { mobilenet_v2: mobilenetV2, resnet18 };
const all = [
  "mobilenet_v2-96-w4a4",
  "mobilenet_v2-96-w8a8",
  "mobilenet_v2-224-w4a4",
  "resnet18-224-w4a4",
  "resnet18-224-w2a2",
];

const own = join(import.meta.dirname, "..");
const words = process.argv.slice(2);
if (words[0] === "load") await measure(words[1], words[2]);
else {
  const against = words[0] === "--against" ? words.splice(0, 2)[1] : undefined;
  await race(against, Number(words[0] ?? 15), words.slice(1));
}

/** Loads one file with the engine of a checkout, and prints times and memory. */
async function measure(folder, path) {
  const { load } = await import(pathToFileURL(join(folder, "packages/engine/dist/index.js")).href);
  const file = new Uint8Array(readFileSync(path));
  const before = process.cpuUsage();
  const start = performance.now();
  const model = await load(file);
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  const [height, width, channels] = [model.inputShape[1], model.inputShape[2], model.inputShape[0]];
  const image = Uint8Array.from({ length: height * width * channels }, (_, i) => (i * 151) % 256);
  const first = performance.now();
  const logits = await model.run(image);
  const firstImage = performance.now() - first;
  const hash = createHash("sha256").update(new Uint8Array(logits.slice().buffer)).digest("hex");
  const { tier, peakBytes } = model;
  console.log(JSON.stringify({ cpu: (user + system) / 1000, wall, firstImage, tier, peakBytes, hash }));
}

async function race(against, turns, named) {
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
    const checkouts = against === undefined ? [own] : [own, against];
    const answers = new Map(networks.map((network) => [network, checkouts.map(() => [])]));
    for (let turn = 0; turn < turns; turn++)
      for (const network of networks)
        for (const [i, checkout] of checkouts.entries()) {
          const command = [process.argv[1], "load", checkout, files.get(network)];
          const child = spawnSync(process.execPath, command, { encoding: "utf8" });
          if (child.status !== 0) throw new Error(`${network}: ${child.stderr}`);
          answers.get(network)[i].push(JSON.parse(child.stdout));
        }
    const rows = networks.map((network) => {
      const [runs, others] = answers.get(network);
      const median = (key, list = runs) => list.map((run) => run[key]).toSorted((a, b) => a - b)[turns >> 1];
      const { tier, peakBytes, hash } = runs[0];
      if ([...runs, ...(others ?? [])].some((run) => run.hash !== hash))
        throw new Error(`${network}: runs give other logits`);
      const fileBytes = readFileSync(files.get(network)).length;
      const row = {
        network,
        tier,
        cpuMilliseconds: median("cpu"),
        wallMilliseconds: median("wall"),
        firstImageMilliseconds: median("firstImage"),
        fileBytes,
        peakBytes,
        ...(others === undefined
          ? {}
          : { against: { cpuMilliseconds: median("cpu", others), wallMilliseconds: median("wall", others) } }),
      };
      console.log(
        `${network} (${tier}): ${row.cpuMilliseconds.toFixed(1)} ms of CPU time, ${row.wallMilliseconds.toFixed(1)} ms, then ` +
          `${row.firstImageMilliseconds.toFixed(2)} ms; ${(peakBytes / 1e6).toFixed(1)} MB, file ${(fileBytes / 1e6).toFixed(1)} MB` +
          (others === undefined ? "" : `; before ${row.against.cpuMilliseconds.toFixed(1)} ms of CPU time`),
      );
      return row;
    });
    if (named.length === 0) {
      const { provenance, root } = await import("./provenance.mjs");
      const commit = against && execFileSync("git", ["rev-parse", "HEAD"], { cwd: against, encoding: "utf8" }).trim();
      const origin = provenance();
      const command = origin.command.replace(String(against), commit);
      const result = { turns, loadBefore, ...(commit === undefined ? {} : { against: commit }), loads: rows };
      const record = { ...origin, command, result };
      writeFileSync(join(root, "results", "load.json"), `${JSON.stringify(record, null, 2)}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
