/**
 * Times training steps of ResNet-18 (7×7 stem, SGD with momentum and weight decay) against PyTorch on the same machine, one
 * step of each in turn, and writes the median of the turns' ratios to results/training-step.json. Ratios within a turn hold on
 * a machine that others use too; milliseconds do not.
 *
 *   npm run --silent build && node scripts/bench-training-step.mjs --turns 20 --threads 2
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { buildModel, buildTrainingStep, Random } from "@subbyte/toolkit";

const root = join(import.meta.dirname, "..");
const { values } = parseArgs({
  options: {
    turns: { type: "string", default: "20" },
    "warm-up": { type: "string", default: "3" },
    threads: { type: "string", default: "2" },
    batch: { type: "string", default: "64" },
    size: { type: "string", default: "32" },
    seed: { type: "string", default: "1" },
    python: { type: "string", default: "/usr/bin/python3" },
    "no-winograd": { type: "boolean", default: false },
    out: { type: "string", default: join(root, "results", "training-step.json") },
  },
});
const [turns, warmUp, threads, batch, size, seed] = ["turns", "warm-up", "threads", "batch", "size", "seed"].map(
  (name) => Number(values[name]),
);
const classes = 10;

/** `step()` runs one step and resolves to its milliseconds, on the clock and of all cores together. */
async function ours() {
  const random = new Random(seed);
  const images = {
    dtype: "float32",
    shape: [batch, 3, size, size],
    data: Float32Array.from({ length: batch * 3 * size * size }, () => random.normal()),
  };
  const labels = Int32Array.from({ length: batch }, () => random.integer(classes));
  const training = await buildTrainingStep(buildModel("resnet18", { classes, size, stem: "imagenet", seed }), {
    batchSize: batch,
    optimizer: { name: "sgd", momentum: 0.9 },
    weightDecay: 5e-4,
    winograd: !values["no-winograd"],
    session: { threads },
  });
  let count = 0;
  return {
    async step() {
      const [start, used] = [performance.now(), process.cpuUsage()];
      await training.run(images, labels, 0.01, ++count);
      const { user, system } = process.cpuUsage(used);
      return { ms: performance.now() - start, cpuMs: (user + system) / 1000 };
    },
    close: () => training.release(),
  };
}

async function pytorch() {
  const script = join(import.meta.dirname, "bench-training-step.py");
  const child = spawn(values.python, [script, ...[size, batch, classes, threads, seed].map(String)], {
    stdio: ["pipe", "pipe", "inherit"],
    // Waiting threads must not take cores from the other side's steps.
    env: { ...process.env, OMP_WAIT_POLICY: "passive" },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${values.python} ended; it needs PyTorch (Debian: python3-torch)`);
    return value;
  };
  const version = await line();
  return {
    version,
    async step() {
      child.stdin.write("step\n");
      const [ms, cpuMs] = (await line()).split(" ").map(Number);
      return { ms, cpuMs };
    },
    close: () => child.stdin.end(),
  };
}

const median = (list) => {
  const sorted = list.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const [subbyte, torch] = [await ours(), await pytorch()];
for (let i = 0; i < warmUp; i++) {
  await subbyte.step();
  await torch.step();
}
const pairs = [];
for (let turn = 0; turn < turns; turn++) {
  // Who goes first alternates, so that a load that rises or falls favours neither.
  const first = turn % 2 === 0 ? subbyte : torch;
  const earlier = await first.step();
  const later = await (first === subbyte ? torch : subbyte).step();
  const pair = first === subbyte ? { subbyte: earlier, pytorch: later } : { subbyte: later, pytorch: earlier };
  pairs.push(pair);
  const text = ({ ms, cpuMs }) => `${ms.toFixed(0)} ms (${cpuMs.toFixed(0)} of the cores)`;
  console.error(`turn ${turn + 1}: ${text(pair.subbyte)}, PyTorch ${text(pair.pytorch)}`);
}
await subbyte.close();
torch.close();

const ratioOf = (unit) => median(pairs.map((pair) => pair.pytorch[unit] / pair.subbyte[unit]));
const ratio = ratioOf("ms");
const result = {
  what: "training step of ResNet-18 (7×7 stem), SGD with momentum and weight decay: how many times as fast as PyTorch",
  ratio,
  cpuRatio: ratioOf("cpuMs"),
  subbyteMs: median(pairs.map(({ subbyte }) => subbyte.ms)),
  pytorchMs: median(pairs.map(({ pytorch }) => pytorch.ms)),
  batch,
  size,
  threads,
  turns,
  seed,
  winograd: !values["no-winograd"],
  command: `node scripts/bench-training-step.mjs ${process.argv.slice(2).join(" ")}`.trim(),
  commit: execFileSync("git", ["rev-parse", "HEAD"], { cwd: root, encoding: "utf8" }).trim(),
  cpu: cpus()[0].model,
  node: process.version,
  pytorch: torch.version,
  pairs,
};
mkdirSync(join(values.out, ".."), { recursive: true });
writeFileSync(values.out, `${JSON.stringify(result, null, 2)}\n`);
console.log(
  `${ratio.toFixed(2)} times as fast as PyTorch ${torch.version} (median of ${turns} turns); ` +
    `PyTorch's steps take ${result.cpuRatio.toFixed(2)} times as much time of the cores`,
);
