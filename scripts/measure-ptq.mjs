/**
 * Measures the table of post-training quantization (`packages/toolkit/src/study/ptq-table.ts`) and writes each finished row to
 * results/ptq-resnet20.json; rows that are there already are not measured again, so an interrupted run goes on where it was.
 * The files go to runs/ptq/.
 *
 *   npm run --silent build && node scripts/measure-ptq.mjs --configurations "W4A4,W3A3" --seeds 0,1,2
 */
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import {
  floatAccuracy,
  measurePtq,
  openImages,
  openModel,
  ptqConfiguration,
  ptqConfigurations,
  writeFileAtomic,
} from "@subbyte/toolkit";
import { provenance, root, shared } from "./provenance.mjs";

const { values } = parseArgs({
  options: {
    configurations: { type: "string", default: ptqConfigurations.map(({ name }) => name).join(",") },
    seeds: { type: "string", default: "0,1,2" },
    iterations: { type: "string" },
    threads: { type: "string", default: "1" },
    model: { type: "string", default: join(shared, "models", "resnet20-cifar10.onnx") },
    data: { type: "string", default: join(shared, "data", "cifar10.tgz") },
    mean: { type: "string", default: "0.485,0.456,0.406" },
    std: { type: "string", default: "0.229,0.224,0.225" },
    out: { type: "string", default: join(root, "results", "ptq-resnet20.json") },
  },
});
const numbers = (list) => list.split(",").map(Number);
const rounded = (value, digits) => Number(value.toFixed(digits));

const model = await openModel(values.model);
if (model.kind !== "float") throw new Error(`${values.model} is quantized already`);
const [train, test] = [
  await openImages(values.data, { split: "train" }),
  await openImages(values.data, { split: "test" }),
];
const context = {
  graph: model.graph,
  train,
  test,
  mean: numbers(values.mean),
  std: numbers(values.std),
  threads: Number(values.threads),
};

const measurements = existsSync(values.out) ? JSON.parse(readFileSync(values.out, "utf8")).result.measurements : [];
const key = ({ configuration, seed }) => JSON.stringify([configuration, seed]);
const measured = new Set(measurements.map(key));
let float = measurements[0]?.floatAccuracy;

for (const seed of numbers(values.seeds))
  for (const name of values.configurations.split(",")) {
    const found = ptqConfiguration(name);
    const configuration = values.iterations
      ? { ...found, reconstruction: { ...found.reconstruction, iterations: Number(values.iterations) } }
      : found;
    if (measured.has(key({ configuration, seed }))) continue;
    float ??= rounded(await floatAccuracy(context), 4);
    let told = 0;
    const row = await measurePtq(context, configuration, {
      seed,
      path: join(root, "runs", "ptq", `${name.replaceAll(" ", "-")}-${seed}.sbq`),
      onProgress: (text) => {
        if (performance.now() - told < 5000) return;
        told = performance.now();
        process.stderr.write(`${name}, seed ${seed}: ${text}\n`);
      },
    });
    measurements.push({
      ...row,
      accuracy: rounded(row.accuracy, 4),
      floatAccuracy: float,
      cpuSeconds: rounded(row.cpuSeconds, 1),
      threads: context.threads,
      ...provenance(),
    });
    const record = {
      model: relative(root, values.model),
      data: relative(root, values.data),
      result: { measurements },
    };
    await writeFileAtomic(values.out, `${JSON.stringify(record, null, 2)}\n`);
    process.stdout.write(
      `${name}, seed ${seed}: ${(100 * row.accuracy).toFixed(2)} % (float ${(100 * float).toFixed(2)}), `,
    );
    process.stdout.write(`${row.cpuSeconds.toFixed(0)} CPU-s, ${row.fileBytes} bytes\n`);
  }
process.exit(0);
