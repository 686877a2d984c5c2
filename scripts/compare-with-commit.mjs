/**
 * Holds this working tree against an earlier commit: runs the same commands with both and compares the files that they write, which
 * have to be equal byte for byte where nothing but the code's shape has changed.
 */

import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readSbq } from "@subbyte/engine";
import { readSafetensors } from "@subbyte/toolkit";

const help = `Builds an earlier commit in a worktree of its own, runs about twenty small commands with it and with this working tree, each in
a folder of its own with the same relative paths and --threads 1, and compares what they wrote:

  files                 by SHA-256
  weights, checkpoints  by their tensors: the format around them may change
  budgets               both accuracies and sizes are printed, for people to judge

  npm run --silent build && node scripts/compare-with-commit.mjs [COMMIT]

  COMMIT          what to compare with (1b86282)
  --old FOLDER    where that commit is built already
  --scratch FOLDER  keeps what the commands write; those of the earlier commit are not run again
  --only LIST     names of commands, separated by commas
  --help          this text
`;

const root = join(import.meta.dirname, "..");
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    old: { type: "string" },
    scratch: { type: "string" },
    only: { type: "string" },
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

/** In the order in which they need each other's files. */
const commands = [
  {
    name: "train",
    line: `train --arch resnet8 ${data} --batch 32 --epochs 2 --crop-padding 2 --label-smoothing 0.1 --clip-norm 5 --out float`,
    tensors: ["float/best.safetensors", "float/last.safetensors", "float/checkpoint.safetensors"],
  },
  {
    name: "train-adamw",
    line: `train --arch resnet8 ${data} --batch 64 --epochs 1 --optimizer adamw --lr 0.002 --schedule cosine --from ${float} --out adamw`,
    tensors: ["adamw/best.safetensors", "adamw/checkpoint.safetensors"],
  },
  ...["minmax", "movingaverage", "mse", "percentile", "kl", "l24"].map((method) =>
    quantize(method, `--method ${method} --weights 5 --activations 5${method === "kl" ? " --force" : ""}`),
  ),
  quantize("corrected", "--method mse --weights 3 --activations 4 --equalize --bias-correction --reduce-range"),
  quantize("adaround", `--method adaround --weights 3 --activations 4 ${learning}`),
  quantize("reconstruct", `--method reconstruct --weights 3 --activations 3 ${learning} --checkpoint state`),
  quantize("auto", `--method auto --weights 3 --activations 3 --max-drop 1 ${learning} --force`),
  quantize("policy", "--method mse --weights 8 --activations 8 --policy policy.json"),
  quantize("first-last", "--method minmax --weights 4 --activations 4 --first-last-bits 4 --residual-bits 6 --seed 3"),
  {
    name: "no-data",
    line: `quantize ${float} --data none --threads 1 --method mse --weights 4 --activations 4 --out no-data.sbq`,
    files: ["no-data.sbq"],
  },
  {
    name: "qat",
    line: `qat ${float} ${data} --calibration-images 64 --method mse --weights 3 --activations 4 --batch 32 --epochs 1 --out qat`,
    files: ["qat/best.sbq"],
    tensors: ["qat/best.safetensors", "qat/checkpoint.safetensors"],
  },
  {
    name: "qat-sbq",
    line: `qat mse.sbq ${data} --batch 32 --epochs 1 --lr 0.0005 --crop-padding 2 --out qat-sbq`,
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
    name: "avg-bits",
    line: `quantize ${float} ${data} --calibration-images 64 --method mse --avg-bits 3 --out avg-bits.sbq`,
    budget: "avg-bits.sbq",
  },
  {
    name: "max-size",
    line: `quantize ${float} ${data} --calibration-images 64 --method mse --max-size 40kB --out max-size.sbq`,
    budget: "max-size.sbq",
  },
];

const sha = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** What `run` left of a command in `folder`, as text that is compared: a line for each file. */
function digest(folder, { files = [], tensors = [] }) {
  return [
    ...files.map((file) => [file, sha(readFileSync(join(folder, file)))]),
    ...tensors.map((file) => [file, tensorsOf(join(folder, file))]),
  ];
}

/** Sorted hashes of the tensors, whatever their names. */
function tensorsOf(path) {
  const { tensors } = readSafetensors(new Uint8Array(readFileSync(path)), path);
  return [...tensors.values()]
    .map(({ dtype, shape, data }) =>
      sha(Buffer.concat([Buffer.from(`${dtype}${shape}`), Buffer.from(data.buffer, data.byteOffset, data.byteLength)])),
    )
    .sort()
    .join();
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

/** Accuracy on the test images and bytes. */
async function budget(program, folder, file) {
  await run(
    program,
    folder,
    `evaluate ${file} --data mnist --threads 1 --predictions ${file}.json --results ${file}.result.json --json`,
  );
  const { top1, fileBytes } = JSON.parse(readFileSync(join(folder, `${file}.result.json`), "utf8")).result;
  return { top1, fileBytes };
}

/** Where the earlier commit is built. */
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

/** Differences, each a sentence. */
async function compare(old, { name, line, budget: sized, ...files }) {
  const [before, after] = [join(scratch, "old"), join(scratch, "new")];
  const done = join(before, `${name}.done`);
  if (!existsSync(done)) {
    await run(old, before, line);
    writeFileSync(done, line);
  } else if (readFileSync(done, "utf8") !== line) throw new Error(`${done} is of another command; remove it`);
  await run(root, after, line);
  if (sized !== undefined) {
    const [a, b] = [await budget(old, before, sized), await budget(root, after, sized)];
    process.stdout.write(`  ${sized}: accuracy ${a.top1} → ${b.top1}, ${a.fileBytes} → ${b.fileBytes} bytes\n`);
    return [];
  }
  const news = new Map(digest(after, files));
  return digest(before, files)
    .filter(([file, value]) => news.get(file) !== value)
    .map(([file]) => `${file}: ${difference(join(before, file), join(after, file))}`);
}

/** In a `.sbq` the version of the program may differ though nothing else does. */
function difference(a, b) {
  if (!a.endsWith(".sbq")) return "differs";
  const [x, y] = [a, b].map((path) => readSbq(new Uint8Array(readFileSync(path))));
  return JSON.stringify(x.provenance) === JSON.stringify(y.provenance)
    ? "differs"
    : `differs, and its provenance says ${JSON.stringify(y.provenance)}`;
}

if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}
const scratch =
  values.scratch === undefined ? mkdtempSync(join(tmpdir(), "subbyte-compare-")) : resolve(values.scratch);
const chosen = values.only?.split(",");
const wanted = commands.filter(({ name }) => chosen?.includes(name) ?? true);
let faults = 0;
try {
  rmSync(join(scratch, "new"), { recursive: true, force: true });
  for (const side of ["old", "new"]) {
    mkdirSync(join(scratch, side), { recursive: true });
    writeFileSync(join(scratch, side, "policy.json"), JSON.stringify(policy));
  }
  const old = built();
  for (const command of wanted) {
    const begun = performance.now();
    const differences = await compare(old, command).catch((error) => [error.message]);
    faults += differences.length;
    const seconds = ((performance.now() - begun) / 1000).toFixed(0);
    process.stdout.write(
      `${differences.length > 0 ? "DIFFERS" : command.budget === undefined ? "equal " : "beside"} ${command.name} (${seconds} s)\n`,
    );
    for (const text of differences) process.stdout.write(`  ${text}\n`);
  }
} finally {
  const place = join(scratch, `commit-${commit}`);
  if (values.scratch === undefined) {
    if (existsSync(place)) execFileSync("git", ["worktree", "remove", "--force", place], { cwd: root });
    rmSync(scratch, { recursive: true, force: true });
  } else process.stdout.write(`${readdirSync(scratch).length} folders in ${relative(process.cwd(), scratch)}\n`);
}
process.exitCode = faults === 0 ? 0 : 1;
