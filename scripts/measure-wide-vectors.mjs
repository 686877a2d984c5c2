/**
 * Writes results/wide-vectors.json: processor time of one image with `load`'s option `wideVectors` and without it. The flag
 * holds for a whole process, so two processes take turns; both have to give the same logits.
 *
 *   npm run --silent build && node scripts/measure-wide-vectors.mjs [turns, 15 by default]     with Node 24 or newer, on a quiet machine
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { processor } from "@subbyte/toolkit";
import { resnet18 } from "../packages/engine/scripts/networks.mjs";
import { provenance, root } from "./provenance.mjs";

/** Files in models/, and a ResNet-18 with random weights. */
const networks = ["resnet18-224-w4a4", "resnet20-cifar10-w4a4", "mobilenet-v2-imagenet-w8a8"];
const seconds = 0.2;

if (process.send === undefined) await race(Number(process.argv[2] ?? 15));
else await serve(process.argv[2] === "wide");

/** Loads the networks, then times one of them whenever it is asked to. */
async function serve(wideVectors) {
  const { load, writeSbq } = await import("@subbyte/engine");
  const loaded = new Map();
  for (const name of networks) {
    const file =
      name === "resnet18-224-w4a4"
        ? writeSbq(resnet18({ size: 224, weights: 4, activations: 4 }))
        : new Uint8Array(readFileSync(join(root, "models", `${name}.sbq`)));
    const model = await load(file, { wideVectors });
    if (model.fallback !== undefined) throw model.fallback;
    const [height, width, channels] = model.inputShape;
    const image = Uint8Array.from({ length: height * width * channels }, (_, i) => (i * 151) % 256);
    loaded.set(name, { model, image });
  }
  process.on("message", async (name) => {
    const { model, image } = loaded.get(name);
    const end = performance.now() + 1000 * seconds;
    const before = process.cpuUsage();
    let images = 0;
    let logits;
    do {
      logits = await model.run(image);
      images++;
    } while (performance.now() < end);
    const { user, system } = process.cpuUsage(before);
    process.send({ milliseconds: (user + system) / 1000 / images, logits: [...logits] });
  });
  process.send("ready");
}

async function race(turns) {
  const loadBefore = loadavg()[0];
  const children = { narrow: fork(process.argv[1], ["narrow"]), wide: fork(process.argv[1], ["wide"]) };
  for (const child of Object.values(children)) child.on("exit", (code) => code !== 0 && process.exit(1));
  const answer = async (child) => (await once(child, "message"))[0];
  await Promise.all(Object.values(children).map(answer));
  const ask = (child, name) => {
    const result = answer(child);
    child.send(name);
    return result;
  };
  const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
  const rows = [];
  for (const network of networks) {
    const times = { narrow: [], wide: [] };
    // The first turns warm up: V8 compiles kernels again when they run often.
    for (let turn = -3; turn < turns; turn++) {
      const order = turn % 2 === 0 ? ["narrow", "wide"] : ["wide", "narrow"];
      const answers = {};
      for (const way of order) answers[way] = await ask(children[way], network);
      if (JSON.stringify(answers.narrow.logits) !== JSON.stringify(answers.wide.logits))
        throw new Error(`${network}: wide vectors give other logits`);
      if (turn >= 0) for (const way of order) times[way].push(answers[way].milliseconds);
    }
    const ratio = median(times.narrow.map((time, turn) => time / times.wide[turn]));
    rows.push({ network, milliseconds: median(times.narrow), wideMilliseconds: median(times.wide), ratio });
    console.log(
      `${network}: ${median(times.narrow).toFixed(2)} → ${median(times.wide).toFixed(2)} ms, ${ratio.toFixed(2)}×`,
    );
  }
  for (const child of Object.values(children)) child.disconnect();
  const { cpu, vectorExtensions } = processor();
  const result = { cpu, vectorExtensions, turns, loadBefore, wide: rows };
  writeFileSync(
    join(root, "results", "wide-vectors.json"),
    `${JSON.stringify({ ...provenance(), result }, null, 2)}\n`,
  );
}
