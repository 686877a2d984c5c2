/**
 * Times every layer of a network on the engine's kernels (the best of many runs), and how long it takes until a file in memory
 * is ready to run.
 *
 *   node packages/engine/scripts/bench-kernels.mjs [network] [weights] [activations] [tier] [runs]
 */
import { compile, load, writeSbq } from "../dist/index.js";
import { mobilenetV2, resnet18, resnet20, resnet50 } from "./networks.mjs";

const [name = "resnet18", weights = "4", activations = "4", tier = "relaxed", runs = "30"] = process.argv.slice(2);
const program = { mobilenetV2, resnet18, resnet20, resnet50 }[name]({
  weights: Number(weights),
  activations: Number(activations),
});
const file = writeSbq(program);
const cpuMilliseconds = () => (process.cpuUsage().user + process.cpuUsage().system) / 1000;
const start = performance.now();
const cpuStart = cpuMilliseconds();
const model = await load(file, { tier, worker: false });
const loaded = performance.now();
const cpuLoaded = cpuMilliseconds();
model.dispose();
const executable = await compile(program, { tier });
const image = Uint8Array.from(
  { length: 3 * program.preprocessing.height * program.preprocessing.width },
  (_, i) => (i * 97) & 255,
);
const logits = new Float32Array(program.classes);
const begin = performance.now();
executable.run(image, logits);
const first = performance.now() - begin;
const times = [];
for (let i = 0; i < Number(runs); i++) {
  const begin = performance.now();
  executable.run(image, logits);
  times.push(performance.now() - begin);
}
times.sort((a, b) => a - b);

/** Layers of the same shape are added up. */
const rows = new Map();
for (const entry of executable.profile(image, Number(runs))) {
  const op = program.operators[entry.operator];
  const shape =
    op?.op === "conv"
      ? `${op.weights.shape.join("×")} /${op.strides[0]} → ${program.tensors[op.output].shape.slice(1).join("×")}`
      : "";
  const key = `${entry.kernels.at(-1)} ${shape || entry.name}`;
  const row = rows.get(key) ?? { milliseconds: 0, multiplyAdds: 0, count: 0, flush: "" };
  row.milliseconds += entry.milliseconds;
  row.multiplyAdds += entry.multiplyAdds;
  row.count++;
  const flush = executable.kernels.find(({ operator }) => operator === entry.operator)?.flush;
  row.flush = flush === undefined ? row.flush : `flush ${flush}`;
  rows.set(key, row);
}
for (const [key, { milliseconds, multiplyAdds, count, flush }] of rows)
  console.log(
    `${key.padEnd(48)} ${String(count).padStart(2)}  ${milliseconds.toFixed(3).padStart(8)} ms  ` +
      `${multiplyAdds === 0 ? "" : `${(multiplyAdds / milliseconds / 1e6).toFixed(1).padStart(6)} GMAC/s`}  ${flush}`,
  );
console.log(
  `${name} w${weights}a${activations} ${executable.tier}: best ${times[0].toFixed(2)} ms, median ${times[times.length >> 1].toFixed(2)} ms; ` +
    `ready in ${(loaded - start).toFixed(0)} ms (${(cpuLoaded - cpuStart).toFixed(0)} ms of CPU), first run ${first.toFixed(1)} ms, ` +
    `${(executable.peakBytes / 2 ** 20).toFixed(1)} MiB`,
);
