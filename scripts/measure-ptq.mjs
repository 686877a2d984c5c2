/** Fills results/ptq-resnet20.json: accuracy, time and size of each way of post-training quantization, by the integer engine. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  floatAccuracy,
  measurePtq,
  openImages,
  openModel,
  ptqConfiguration,
  ptqConfigurations,
  UsageError,
  writeFileAtomic,
} from "@subbyte/toolkit";
import { named, provenance, root, shared } from "./provenance.mjs";

/** One line: what a configuration does. */
function described({ widths, method, calibration, ablates }) {
  const bits =
    widths.kind === "mixed"
      ? `${widths.averageBits} bits on average`
      : `W${widths.policy.weights}A${widths.policy.activations}`;
  const images = calibration.kind === "synthesis" ? ", images from batch-norm statistics" : "";
  return `${bits}, ${method}${images}${ablates ? `; compare with ${ablates}` : ""}`;
}
const width = Math.max(...ptqConfigurations.map(({ name }) => name.length));
const list = ptqConfigurations.map((each) => `  ${each.name.padEnd(width)}  ${described(each)}\n`).join("");

const help = `Quantizes a network after training in each of several configurations and with several seeds, writes the files to runs/ptq/
and evaluates them on all test images with the integer engine. CPU time is that from calibration to the file written.

  npm run --silent build && node scripts/measure-ptq.mjs
  node scripts/measure-ptq.mjs --configurations "W4A4,mixed 3 bits" --seeds 0,1,2
  node scripts/measure-ptq.mjs --configurations W3A3 --seeds 0 --iterations 300 --out runs/quick.json

Each finished one is a row of the results, and is not measured again while its configuration stays the same, so that an
interrupted measurement goes on where it was; several can fill one file side by side.

  --configurations LIST  names, separated by commas; all by default
  --seeds LIST           which calibration images, and every random choice (0,1,2)
  --iterations N         steps for each block, for a quick look; the rows get a name of their own
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
  configurations: { type: "string", default: ptqConfigurations.map(({ name }) => name).join(",") },
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
const rounded = (value, digits) => Number(value.toFixed(digits));

/** @throws {UsageError} */
function wholeNumber(option, text) {
  if (!/^\d+$/.test(text))
    throw new UsageError(
      "option-value",
      { option, value: text, expected: "a whole number" },
      `--${option} takes whole numbers, not "${text}"`,
    );
  return Number(text);
}

/** @throws {UsageError} for a configuration that there is not, and for anything else that is wrong on the command line */
function settings() {
  let values;
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    throw new UsageError("option-conflict", { options: [] }, error.message, { cause: error });
  }
  const { iterations, mean, std } = values;
  return {
    ...values,
    threads: wholeNumber("threads", values.threads),
    seeds: words(values.seeds).map((seed) => wholeNumber("seeds", seed)),
    configurations: words(values.configurations)
      .map(ptqConfiguration)
      .map((each) => (iterations === undefined ? each : shortened(each, wholeNumber("iterations", iterations)))),
    mean: words(mean).map(Number),
    std: words(std).map(Number),
  };
}

/** With so many steps a block, where it learns, under a name that says so. */
function shortened(configuration, iterations) {
  const { name, method, reconstruction, ablates } = configuration;
  if (!["adaround", "reconstruct"].includes(method)) return configuration;
  const named = (text) => `${text} ${iterations} iterations`;
  return {
    ...configuration,
    name: named(name),
    reconstruction: { ...reconstruction, iterations },
    ...(ablates === undefined ? {} : { ablates: named(ablates) }),
  };
}

async function openFloat(path, openOptions) {
  const model = await openModel(path, openOptions);
  if (model.kind !== "float")
    throw new UsageError("wrong-model-kind", { file: path, expected: "float" }, `${path} is quantized already`);
  return model.graph;
}

async function measureAll({ configurations, seeds, threads, mean, std, model, checkpoint, arch, data, out, again }) {
  const needsBatchNorm = configurations.some(({ calibration }) => calibration.kind === "synthesis");
  const context = {
    graph: await openFloat(model),
    ...(needsBatchNorm ? { batchNormGraph: await openFloat(checkpoint, { architecture: arch }) } : {}),
    train: await openImages(data, { split: "train" }),
    test: await openImages(data, { split: "test" }),
    mean,
    std,
    threads,
  };
  // Read anew each time, since another measurement may be filling the same file.
  const recorded = () => (existsSync(out) ? JSON.parse(readFileSync(out, "utf8")).result.measurements : []);
  // In the order of the list, whichever is finished first.
  const place = ({ configuration }) => ptqConfigurations.findIndex(({ name }) => name === configuration.name);
  const record = async (row) => {
    const others = recorded().filter(
      (old) => old.seed !== row.seed || old.configuration.name !== row.configuration.name,
    );
    const measurements = [...others, row].toSorted((a, b) => place(a) - place(b) || a.seed - b.seed);
    const file = { model: named(model), data: named(data), result: { measurements } };
    await writeFileAtomic(out, `${JSON.stringify(file, null, 2)}\n`);
  };
  const key = ({ configuration, seed }) => JSON.stringify([configuration, seed]);

  let float;
  for (const seed of seeds)
    for (const configuration of configurations) {
      const { name } = configuration;
      if (!again && recorded().some((row) => key(row) === key({ configuration, seed }))) continue;
      float ??= rounded(await floatAccuracy(context), 4);
      let told = 0;
      const { accuracy, cpuSeconds, ...row } = await measurePtq(context, configuration, {
        seed,
        path: join(root, "runs", "ptq", `${name.replaceAll(" ", "-")}-${seed}.sbq`),
        onProgress: (text) => {
          if (performance.now() - told < 5000) return;
          told = performance.now();
          process.stderr.write(`${name}, seed ${seed}: ${text}\n`);
        },
      });
      await record({
        ...row,
        accuracy: rounded(accuracy, 4),
        floatAccuracy: float,
        cpuSeconds: rounded(cpuSeconds, 1),
        threads,
        ...provenance(),
      });
      const bits = row.mixed?.averageBits;
      const average = bits ? `, on average ${bits.weights.toFixed(2)} and ${bits.activations.toFixed(2)} bits` : "";
      process.stdout.write(
        `${name}, seed ${seed}: ${(100 * accuracy).toFixed(2)} % (float ${(100 * float).toFixed(2)}), ` +
          `${cpuSeconds.toFixed(0)} CPU-s, ${row.fileBytes} bytes${average}\n`,
      );
    }
}

try {
  const run = settings();
  if (run.help) process.stdout.write(help);
  else if (run.list) process.stdout.write(list);
  else await measureAll(run);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(2);
}
process.exit(0);
