/** Fills results/ptq-resnet20.json: accuracy, time and size of each way of post-training quantization, by the integer engine. */

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeFileAtomic } from "@subbyte/toolkit";
import { UsageError } from "@subbyte/toolkit/errors";
import { evaluateModel, quantizeModel } from "@subbyte/toolkit/tasks";
import { named, provenance, root, shared } from "./provenance.mjs";
import { configurations, described } from "./ptq-configurations.mjs";

const width = Math.max(...configurations.map(({ name }) => name.length));
const list = configurations.map((each) => `  ${each.name.padEnd(width)}  ${described(each)}\n`).join("");

const help = `Quantizes a network after training in several configurations and with several seeds, writes the files to runs/ptq/ and
evaluates them on all test images with the integer engine. CPU time is that of the task
quantize, from the model opened to the file written.

  npm run --silent build && node scripts/measure-ptq.mjs
  node scripts/measure-ptq.mjs --configurations "W4A4,mixed 3 bits" --seeds 0,1,2
  node scripts/measure-ptq.mjs --configurations W3A3 --seeds 0 --iterations 300 --out runs/quick.json

Each finished one is a row of the results, and is not measured again while its configuration stays the same, so that an
interrupted measurement goes on where it was; several can fill one file side by side.

  --configurations LIST  names, separated by commas; all by default
  --seeds LIST           which calibration images, and every random choice (0,1,2)
  --iterations N         steps per block, for a quick look; the rows get a name of their own
  --again                measures rows anew that the results have already
  --threads N            of ONNX Runtime and the engine (1)
  --model FILE           float network (../shared/models/resnet20-cifar10.onnx)
  --checkpoint FILE      the same with its batch norm, for configurations without data (../shared/models/resnet20-cifar10.th)
  --arch NAME            its architecture (resnet20)
  --data FILE            images (../shared/data/cifar10.tgz)
  --mean, --std LIST     normalization (0.485,0.456,0.406 and 0.229,0.224,0.225)
  --out FILE             results (results/ptq-resnet20.json)
  --list                 the configurations
  --help                 this text

Configurations:
${list}`;

const options = {
  configurations: { type: "string", default: configurations.map(({ name }) => name).join(",") },
  seeds: { type: "string", default: "0,1,2" },
  iterations: { type: "string" },
  again: { type: "boolean", default: false },
  threads: { type: "string", default: "1" },
  model: { type: "string", default: join(shared, "models", "resnet20-cifar10.onnx") },
  checkpoint: { type: "string", default: join(shared, "models", "resnet20-cifar10.th") },
  arch: { type: "string", default: "resnet20" },
  data: { type: "string", default: join(shared, "data", "cifar10.tgz") },
  mean: { type: "string", default: "0.485,0.456,0.406" },
  std: { type: "string", default: "0.229,0.224,0.225" },
  out: { type: "string", default: join(root, "results", "ptq-resnet20.json") },
  list: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
};

const words = (text) =>
  text
    .split(",")
    .map((word) => word.trim())
    .filter(Boolean);
const numbers = (text) => words(text).map(Number);
const rounded = (value, digits) => Number(value.toFixed(digits));

/** @throws {Error} listing the names there are */
function configuration(name) {
  const found = configurations.find((each) => each.name === name);
  if (!found) throw new Error(`there is no configuration "${name}"; --list shows them`);
  return found;
}

/** With so many steps per block, where it learns, under a name that says so. */
function shortened(each, iterations) {
  if (!["adaround", "reconstruct"].includes(each.method)) return each;
  const renamed = (text) => `${text} ${iterations} iterations`;
  return {
    ...each,
    name: renamed(each.name),
    iterations,
    ...(each.ablates === undefined ? {} : { ablates: renamed(each.ablates) }),
  };
}

/** Writes what a task is doing, at most every five seconds. */
function teller(prefix) {
  let told = 0;
  return (event) => {
    if (event.type === "note" || event.type === "warning") process.stderr.write(`${prefix}: ${event.text}\n`);
    if (event.type !== "progress" || performance.now() - told < 5000) return;
    told = performance.now();
    const { phase, detail = "", done, total = "?" } = event;
    process.stderr.write(`${prefix}: ${phase} ${detail} ${rounded(done, 2)}/${total}\n`);
  };
}

async function measureAll({ seeds, iterations, again, model, checkpoint, arch, data, out, ...values }) {
  const threads = Number(values.threads);
  const normalization = { mean: numbers(values.mean), std: numbers(values.std) };
  const chosen = words(values.configurations)
    .map(configuration)
    .map((each) => (iterations === undefined ? each : shortened(each, Number(iterations))));
  // Read anew each time, since another measurement may be filling the same file.
  const recorded = () => (existsSync(out) ? JSON.parse(readFileSync(out, "utf8")).result.measurements : []);
  // In the order of the list, whichever is finished first.
  const place = ({ configuration: { name } }) => configurations.findIndex((each) => each.name === name);
  const record = async (row) => {
    const others = recorded().filter(
      (old) => old.seed !== row.seed || old.configuration.name !== row.configuration.name,
    );
    const measurements = [...others, row].toSorted((a, b) => place(a) - place(b) || a.seed - b.seed);
    const file = { model: named(model), data: named(data), result: { measurements } };
    await writeFileAtomic(out, `${JSON.stringify(file, null, 2)}\n`);
  };
  const key = (row) => JSON.stringify([row.configuration, row.seed]);

  const folder = join(root, "runs", "ptq");
  mkdirSync(folder, { recursive: true });
  let float;
  for (const seed of numbers(seeds))
    for (const each of chosen) {
      if (!again && recorded().some((row) => key(row) === key({ configuration: each, seed }))) continue;
      const { name, ablates: _, ...options } = each;
      const context = { emit: teller(`${name}, seed ${seed}`) };
      float ??= (await evaluateModel({ model, data, threads, ...normalization }, context)).top1;
      // Batch normalization, whose statistics images are made from, is folded in the ONNX file.
      const source = options.data === "none" ? { model: checkpoint, arch } : { model };
      const path = join(folder, `${name.replaceAll(" ", "-")}-${seed}.sbq`);
      const before = process.cpuUsage();
      const quantized = await quantizeModel(
        { data, ...source, ...normalization, ...options, seed, threads, force: true, out: path },
        context,
      );
      const { user, system } = process.cpuUsage(before);
      const { top1, images } = await evaluateModel({ model: path, data, threads }, context);
      const { mixed, averageBits, bytes: fileBytes } = quantized;
      const cpuSeconds = (user + system) / 1e6;
      await record({
        configuration: each,
        seed,
        images,
        fileBytes,
        ...(mixed ? { mixed: { layers: mixed.layers, averageBits } } : {}),
        accuracy: rounded(top1, 4),
        floatAccuracy: rounded(float, 4),
        cpuSeconds: rounded(cpuSeconds, 1),
        threads,
        ...provenance(),
      });
      const average = averageBits
        ? `, on average ${averageBits.weights.toFixed(2)} and ${averageBits.activations.toFixed(2)} bits`
        : "";
      process.stdout.write(
        `${name}, seed ${seed}: ${(100 * top1).toFixed(2)} % (float ${(100 * float).toFixed(2)}), ` +
          `${cpuSeconds.toFixed(0)} CPU-s, ${fileBytes} bytes${average}\n`,
      );
    }
}

const { values } = parseArgs({ options });
if (values.help) process.stdout.write(help);
else if (values.list) process.stdout.write(list);
else
  try {
    await measureAll(values);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
