/**
 * Compares this working tree with an earlier commit: runs the same commands with both and compares the files that they
 * write, which must be equal byte for byte if the code was only restructured.
 */

import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readSbq, writeSbq } from "@subbyte/engine";
import { readSafetensors, writeFileAtomic } from "@subbyte/toolkit";
import { provenance } from "./provenance.mjs";

const help = `Builds an earlier commit in a worktree of its own, runs about twenty small commands with it and with this working tree, each in
a folder of its own with the same relative paths and --threads 1, and compares what they wrote:

  files                 by SHA-256; a .sbq without its provenance, and only the predictions of an evaluation, because the new
                        program writes more there
  weights, checkpoints  by their tensors: the format around them may change
  budgets               both accuracies and sizes are printed, for people to judge

If a default has changed since, the new program gets the option that restores the old behaviour; the output and the results name
it. The exit status is 1 if a command differs otherwise.

  npm run --silent build && node scripts/compare-with-commit.mjs [COMMIT]

  COMMIT          commit to compare with (1b86282)
  --old FOLDER    folder in which that commit has been built already
  --scratch FOLDER  keeps what the commands write; those of the earlier commit are not run again
  --only LIST     names of commands, separated by commas
  --results FILE  writes the outcome as JSON
  --help          this text
`;

const root = join(import.meta.dirname, "..");
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    old: { type: "string" },
    scratch: { type: "string" },
    only: { type: "string" },
    results: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
const commit = positionals[0] ?? "1b86282";

const data = "--data mnist --limit 400 --threads 1";
const float = "float/best.safetensors";
const quantize = (name, options) => ({
  name,
  line: `quantize ${float} ${data} --calibration-images 64 ${options} --out ${name}.sbq`,
  files: [`${name}.sbq`],
});
const learning = "--iterations 30 --end-to-end 10 --no-mirror";
const policy = [
  { pattern: "layer1*", weights: 4, activations: 5 },
  { pattern: "layer3*", weights: 2 },
];

/** A network that recognizes digits, so that its accuracy is meaningful. */
const trained = "trained/best.safetensors --data mnist --limit 3000 --threads 1";

/** Options that restore the old defaults: the epoch chosen by test images, and straight-through training. */
const chosenByTestImages = "--validation-share 0";
const straightThrough = `${chosenByTestImages} --quantizer straight-through --batch-norm folded --distillation 0 --damping 0`;

/**
 * The commands, in the order in which they need each other's files. `now`: options that only the new program gets, since a
 * default has changed. `byDesign`: why the files differ nevertheless.
 */
const commands = [
  {
    name: "train",
    line: `train --arch resnet8 ${data} --batch 32 --epochs 2 --crop-padding 2 --label-smoothing 0.1 --clip-norm 5 --out float`,
    now: chosenByTestImages,
    tensors: ["float/best.safetensors", "float/last.safetensors", "float/checkpoint.safetensors"],
  },
  {
    name: "train-adamw",
    line: `train --arch resnet8 ${data} --batch 64 --epochs 1 --optimizer adamw --lr 0.002 --schedule cosine --from ${float} --out adamw`,
    now: chosenByTestImages,
    tensors: ["adamw/best.safetensors", "adamw/checkpoint.safetensors"],
  },
  ...["minmax", "movingaverage", "mse", "percentile", "kl", "l24"].map((method) =>
    quantize(method, `--method ${method} --weights 5 --activations 5${method === "kl" ? " --force" : ""}`),
  ),
  quantize("corrected", "--method mse --weights 3 --activations 4 --equalize --bias-correction --reduce-range"),
  quantize("adaround", `--method adaround --weights 3 --activations 4 ${learning}`),
  quantize("reconstruct", `--method reconstruct --weights 3 --activations 3 ${learning} --checkpoint state`),
  {
    ...quantize("auto", `--method auto --weights 3 --activations 3 --max-drop 1 ${learning} --force`),
    byDesign:
      "auto now judges by accuracy if the images have the model's labels, and stops earlier; before, agreement with float decided",
  },
  quantize("policy", "--method mse --weights 8 --activations 8 --policy policy.json"),
  quantize("first-last", "--method minmax --weights 4 --activations 4 --first-last-bits 4 --residual-bits 6 --seed 3"),
  {
    name: "no-data",
    line: `quantize ${float} --data none --threads 1 --method mse --weights 4 --activations 4 --out no-data.sbq`,
    files: ["no-data.sbq"],
  },
  {
    name: "qat",
    line: `qat ${float} ${data} --calibration-images 64 --method mse --weights 3 --activations 4 --batch 32 --epochs 1 --optimizer adamw --lr 0.001 --weight-decay 0.0001 --out qat`,
    now: straightThrough,
    files: ["qat/best.sbq"],
    tensors: ["qat/best.safetensors", "qat/checkpoint.safetensors"],
  },
  {
    name: "qat-sbq",
    line: `qat mse.sbq ${data} --batch 32 --epochs 1 --optimizer adamw --lr 0.0005 --weight-decay 0.0001 --crop-padding 2 --out qat-sbq`,
    now: straightThrough,
    files: ["qat-sbq/best.sbq"],
  },
  { name: "export", line: "export mse.sbq --out mse.onnx", files: ["mse.onnx"] },
  { name: "export-reduced", line: "export minmax.sbq --reduce-range --out reduced.onnx", files: ["reduced.onnx"] },
  ...[
    ["evaluate-float", float, ""],
    ["evaluate", "mse.sbq", ""],
    ["evaluate-codes", "mse.sbq", "--simulate codes"],
    ["evaluate-onnx", "mse.onnx", "--disable-quant-qdq"],
  ].map(([name, model, more]) => ({
    name,
    line: `evaluate ${model} ${data} ${more} --predictions ${name}.json`,
    files: [`${name}.json`],
  })),
  {
    name: "train-longer",
    line: "train --arch resnet8 --data mnist --limit 3000 --threads 1 --batch 64 --epochs 4 --out trained",
    now: chosenByTestImages,
    tensors: ["trained/best.safetensors"],
  },
  {
    name: "avg-bits",
    line: `quantize ${trained} --calibration-images 128 --method mse --avg-bits 3 --out avg-bits.sbq`,
    budget: "avg-bits.sbq",
  },
  {
    name: "max-size",
    line: `quantize ${trained} --calibration-images 128 --method mse --max-size 40kB --out max-size.sbq`,
    budget: "max-size.sbq",
  },
];

const sha = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** The files that a command wrote into `folder`, as text that can be compared: one line per file. */
function digest(folder, { files = [], tensors = [] }) {
  return [
    ...files.map((file) => [file, sha(contents(join(folder, file)))]),
    ...tensors.map((file) => [file, tensorsOf(join(folder, file))]),
  ];
}

/** The part of a file that both programs write. */
function contents(path) {
  const bytes = readFileSync(path);
  if (path.endsWith(".json")) return JSON.stringify(JSON.parse(bytes).predictions);
  return path.endsWith(".sbq") ? writeSbq({ ...readSbq(new Uint8Array(bytes)), provenance: {} }) : bytes;
}

/** A hash of the sorted hashes of the tensors; their names do not count. */
function tensorsOf(path) {
  const { tensors } = readSafetensors(new Uint8Array(readFileSync(path)), path);
  const hashes = [...tensors.values()].map(({ dtype, shape, data }) =>
    sha(Buffer.concat([Buffer.from(`${dtype}${shape}`), Buffer.from(data.buffer, data.byteOffset, data.byteLength)])),
  );
  return sha(hashes.sort().join());
}

async function run(program, folder, line) {
  const child = spawn(
    process.execPath,
    [join(program, "packages/cli/dist/main.js"), ...line.split(" ").filter(Boolean)],
    {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, XDG_CACHE_HOME: join(scratch, "cache") },
    },
  );
  const output = [];
  child.stdout.on("data", (text) => output.push(text));
  child.stderr.on("data", (text) => output.push(text));
  const status = await new Promise((done) => child.on("close", done));
  if (status !== 0) throw new Error(`subbyte ${line}\nended with status ${status}:\n${Buffer.concat(output)}`);
}

/** Accuracy on the test images, and size of the file in bytes. */
async function budget(program, folder, file) {
  await run(
    program,
    folder,
    `evaluate ${file} --data mnist --threads 1 --predictions ${file}.json --results ${file}.result.json --json`,
  );
  const { top1, fileBytes } = JSON.parse(readFileSync(join(folder, `${file}.result.json`), "utf8")).result;
  return { top1, fileBytes };
}

/** The folder in which the earlier commit is built. */
function built() {
  if (values.old !== undefined) return resolve(values.old);
  const place = join(scratch, `commit-${commit}`);
  if (existsSync(join(place, "packages/cli/dist/main.js"))) return place;
  const at = (command, ...args) => execFileSync(command, args, { cwd: place, stdio: ["ignore", "ignore", "inherit"] });
  execFileSync("git", ["worktree", "add", "--detach", place, commit], { cwd: root, stdio: "inherit" });
  at("npm", "ci");
  at("npm", "run", "build");
  return place;
}

/** Runs a command with both programs. @returns a row of the results */
async function compare(old, { name, line, now, byDesign, budget: sized, ...files }) {
  const [before, after] = [join(scratch, "old"), join(scratch, "new")];
  const row = { name, command: line, ...(now === undefined ? {} : { now }) };
  const done = join(before, `${name}.done`);
  try {
    if (!existsSync(done)) {
      await run(old, before, line);
      writeFileSync(done, line);
    } else if (readFileSync(done, "utf8") !== line) throw new Error(`${done} is of another command; remove it`);
    await run(root, after, now === undefined ? line : `${line} ${now}`);
    if (sized !== undefined)
      return {
        ...row,
        outcome: "beside each other",
        before: await budget(old, before, sized),
        after: await budget(root, after, sized),
      };
    const anew = new Map(digest(after, files));
    const compared = digest(before, files);
    const differences = compared.filter(([file, value]) => anew.get(file) !== value).map(([file]) => file);
    if (differences.length === 0) return { ...row, outcome: "equal", sha256: Object.fromEntries(compared) };
    return byDesign === undefined
      ? { ...row, outcome: "differs", differences }
      : { ...row, outcome: "differs by design", why: byDesign, differences };
  } catch (error) {
    return { ...row, outcome: "failed", differences: [error.message] };
  }
}

/** A row as lines for people. */
function told({ name, outcome, now, why, before, after, differences = [] }) {
  const lines = [
    ...(now === undefined ? [] : [`the new program got ${now}`]),
    ...(why === undefined ? [] : [why]),
    ...(before === undefined
      ? []
      : [`accuracy ${before.top1} → ${after.top1}, ${before.fileBytes} → ${after.fileBytes} bytes`]),
    ...differences,
  ];
  return [`${outcome}: ${name}`, ...lines.map((text) => `  ${text}`), ""].join("\n");
}

if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}
const scratch =
  values.scratch === undefined ? mkdtempSync(join(tmpdir(), "subbyte-compare-")) : resolve(values.scratch);
const chosen = values.only?.split(",");
const wanted = commands.filter(({ name }) => chosen?.includes(name) ?? true);
const rows = [];
try {
  rmSync(join(scratch, "new"), { recursive: true, force: true });
  for (const side of ["old", "new"]) {
    mkdirSync(join(scratch, side), { recursive: true });
    writeFileSync(join(scratch, side, "policy.json"), JSON.stringify(policy));
  }
  const old = built();
  for (const command of wanted) {
    rows.push(await compare(old, command));
    process.stdout.write(told(rows.at(-1)));
  }
} finally {
  const place = join(scratch, `commit-${commit}`);
  if (values.scratch === undefined) {
    if (existsSync(place)) execFileSync("git", ["worktree", "remove", "--force", place], { cwd: root });
    rmSync(scratch, { recursive: true, force: true });
  } else process.stdout.write(`${readdirSync(scratch).length} folders in ${relative(process.cwd(), scratch)}\n`);
}
const count = (outcome) => rows.filter((row) => row.outcome === outcome).length;
const outcomes = Object.fromEntries(
  [...new Set(rows.map(({ outcome }) => outcome))].map((each) => [each, count(each)]),
);
process.stdout.write(`${JSON.stringify(outcomes)}\n`);
if (values.results !== undefined)
  await writeFileAtomic(
    values.results,
    `${JSON.stringify({ result: { against: commit, outcomes, commands: rows }, ...provenance() }, null, 2)}\n`,
  );
process.exitCode = count("differs") + count("failed") === 0 ? 0 : 1;
