/** Makes models/: the networks that the page shows in a fresh clone, their list, and pictures to try. */

import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { modelList } from "@subbyte/toolkit";
import { digits, makeSamples, samples } from "./demo-samples.mjs";
import { described, rounded, say, subbyte, workshop } from "./demo-tools.mjs";
import { root, shared } from "./provenance.mjs";

const help = `Quantizes the published networks of the demonstration, measures each file on its test images with the integer engine,
writes the accuracy and the error of each layer into the file, and lists all in models/index.json. About half an hour on two cores.

  npm run --silent build && node scripts/make-demo-models.mjs
  node scripts/make-demo-models.mjs --samples /usr/lib/python3/dist-packages/skimage/data

The files that a run has made stay in runs/demo-models/ and are not made again.

  --models FOLDER   folder of the models (models)
  --work FOLDER     folder of intermediate files (runs/demo-models)
  --samples FOLDER  makes the pictures too, from the data folder of scikit-image (Debian: python3-skimage)
  --only LIST       some of resnet20-cifar10, mnist, mobilenet-v2-imagenet, resnet18-cifar10 (needs --resnet18); others stay as they are
  --resnet18 FILE   checkpoint of a ResNet-18 that "subbyte train" made for CIFAR-10
  --threads N       threads of ONNX Runtime and of the engine (1)
  --help            this text
`;
const { values } = parseArgs({
  options: {
    models: { type: "string", default: join(root, "models") },
    work: { type: "string", default: join(root, "runs", "demo-models") },
    samples: { type: "string" },
    resnet18: { type: "string" },
    only: { type: "string", default: "resnet20-cifar10,mnist,mobilenet-v2-imagenet" },
    threads: { type: "string", default: "1" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}
const place = (name) => join(values.models, name);
mkdirSync(values.models, { recursive: true });
const { cli, work, madeOnce, measuredOnce, errorsOfLayers } = workshop({
  folder: values.work,
  threads: values.threads,
});

const rgb = {
  resnet20: ["0.485,0.456,0.406", "0.229,0.224,0.225"],
  mobilenet: ["0.50196,0.50196,0.50196", "0.50196,0.50196,0.50196"],
};

/**
 * Fewer steps of reconstruction, because the default takes long; the default gives more accuracy (results/ptq-resnet20.json).
 */
const fewerSteps = {
  3: ["--iterations", "300", "--end-to-end", "300"],
  2: ["--iterations", "300", "--end-to-end", "300"],
};

/** A ResNet-18 trained by this project. The float network is measured, but its file is too large to be in models/. */
async function cifar18() {
  if (values.resnet18 === undefined) throw new Error("resnet18-cifar10 needs --resnet18 CHECKPOINT; see --help");
  const data = join(shared, "data/cifar10.tgz");
  const [mean, std] = rgb.resnet20;
  const float = [values.resnet18, "--arch", "resnet18", "--data", data, "--mean", mean, "--std", std];
  const measured = (name, ...options) =>
    measuredOnce(`${name}.accuracy.json`, () => JSON.parse(cli("evaluate", ...options, "--json")));
  const models = [];
  for (const bits of [8, 4]) {
    const name = `resnet18-cifar10-w${bits}a${bits}`;
    const widths = ["--weights", String(bits), "--activations", String(bits), "--method", "mse"];
    const bytes = await madeOnce(`${name}.sbq`, (path) => cli("quantize", ...float, ...widths, "--out", path));
    const accuracy = rounded((await measured(name, work(`${name}.sbq`), "--data", data)).top1);
    const layerErrors = await errorsOfLayers(name, values.resnet18, data, "--arch", "resnet18");
    const contents = described(bytes, name, { accuracy: { "CIFAR-10 test": accuracy }, layerErrors });
    writeFileSync(place(`${name}.sbq`), contents);
    models.push({ file: `${name}.sbq`, bits, contents, accuracy, method: "ranges" });
  }
  const { top1 } = await measured("resnet18-cifar10-float", ...float);
  return {
    id: "resnet18-cifar10",
    title: "ResNet-18",
    classes: "Ten classes of CIFAR-10, by a larger network",
    kind: "photos",
    about: `Trained and quantized by Subbyte. Float reaches ${(100 * top1).toFixed(2)} %; with 45 MB it is too large to lie beside the others.`,
    testSet: "9,979 CIFAR-10 test images",
    samples: samples("chelsea", "rocket"),
    models,
  };
}

async function cifar() {
  const data = join(shared, "data/cifar10.tgz");
  const checkpoint = join(shared, "models/resnet20-cifar10.th");
  const onnx = join(shared, "models/resnet20-cifar10.onnx");
  const [mean, std] = rgb.resnet20;
  const normalization = ["--mean", mean, "--std", std];
  const testSet = "CIFAR-10 test";
  const accuracyOf = (name, model) =>
    measuredOnce(`${name}.accuracy.json`, () =>
      JSON.parse(cli("evaluate", model, "--data", data, "--json", ...(model.endsWith(".sbq") ? [] : normalization))),
    );
  const models = [];
  const float = "resnet20-cifar10-float";
  const { top1, classes } = await accuracyOf(float, onnx);
  cpSync(onnx, place(`${float}.onnx`));
  const preprocessing = {
    channels: 3,
    height: 32,
    width: 32,
    resize: "exact",
    mean: mean.split(",").map(Number),
    std: std.split(",").map(Number),
  };
  writeFileSync(
    place(`${float}.json`),
    json({ preprocessing, labels: classes, accuracy: { [testSet]: rounded(top1) } }),
  );
  models.push({ file: `${float}.onnx`, bits: 32, contents: readFileSync(onnx), accuracy: rounded(top1) });
  for (const bits of [8, 4, 3, 2]) {
    const name = `resnet20-cifar10-w${bits}a${bits}`;
    const method = bits === 8 ? "mse" : "reconstruct";
    const widths = [
      "--weights",
      String(bits),
      "--activations",
      String(bits),
      "--method",
      method,
      ...(fewerSteps[bits] ?? []),
    ];
    const bytes = await madeOnce(`${name}.sbq`, (path) =>
      cli("quantize", checkpoint, "--arch", "resnet20", "--data", data, ...normalization, ...widths, "--out", path),
    );
    const result = await accuracyOf(name, work(`${name}.sbq`));
    const layerErrors = await errorsOfLayers(name, onnx, data);
    const contents = described(bytes, name, { accuracy: { [testSet]: rounded(result.top1) }, layerErrors });
    writeFileSync(place(`${name}.sbq`), contents);
    const how = method === "mse" ? "ranges" : "reconstruction";
    models.push({ file: `${name}.sbq`, bits, contents, accuracy: rounded(result.top1), method: how });
  }
  return {
    id: "resnet20-cifar10",
    title: "ResNet-20",
    classes: "Ten classes of CIFAR-10: airplane, cat, ship …",
    kind: "photos",
    about:
      "Weights by Yerlan Idelbayev (akamaster/pytorch_resnet_cifar10, BSD-2-Clause), quantized by subbyte quantize.",
    testSet: "9,979 CIFAR-10 test images",
    samples: samples("chelsea", "rocket"),
    models,
  };
}

async function imagenet() {
  const data = join(shared, "data/imagenette.tgz");
  const onnx = join(shared, "models/imagenet-mobilenet_v2_1.0_224.onnx");
  const names = join(shared, "models/imagenet-1001-labels.json");
  const [mean, std] = rgb.mobilenet;
  const name = "mobilenet-v2-imagenet-w8a8";
  const float = [onnx, "--data", data, "--labels-map", names, "--resize-to", "256", "--mean", mean, "--std", std];
  const bytes = await madeOnce(`${name}.sbq`, (path) => cli("quantize", ...float, "--method", "mse", "--out", path));
  const measured = (file, ...options) =>
    measuredOnce(`${file}.accuracy.json`, () => JSON.parse(cli("evaluate", ...options, "--split", "val", "--json")));
  const integer = await measured(name, work(`${name}.sbq`), "--data", data);
  const { top1: full } = await measured("mobilenet-v2-imagenet-float", ...float);
  const accuracy = { "ImageNette validation (128 pixels), 1,001 classes": rounded(integer.top1) };
  const contents = described(bytes, name, { accuracy });
  writeFileSync(place(`${name}.sbq`), contents);
  return {
    id: "mobilenet-v2-imagenet",
    title: "MobileNet-v2",
    classes: "1,000 classes of ImageNet, for any photograph",
    kind: "photos",
    about: `Weights from the Coral test data (Apache-2.0), quantized by subbyte quantize. 8 bits are the reference here: float, at 14 MB too large to lie beside it, reaches ${(100 * full).toFixed(1)} %.`,
    testSet: `${integer.images.toLocaleString("en")} ImageNette images of 128 pixels, 1,001 classes to choose from`,
    samples: samples("chelsea", "coffee", "rocket"),
    models: [{ file: `${name}.sbq`, bits: 8, contents, accuracy: rounded(integer.top1), method: "ranges" }],
  };
}

async function mnist() {
  const folder = work("quickstart");
  if (!existsSync(join(folder, "models/index.json"))) {
    say("running the quickstart");
    cli("quickstart", "--out", folder);
  }
  const [family] = JSON.parse(readFileSync(join(folder, "models/index.json"), "utf8")).families;
  const models = family.models.map(({ file, bits, accuracy, method }) => {
    cpSync(join(folder, "models", file), place(file));
    return { file, bits, contents: readFileSync(place(file)), accuracy, ...(method ? { method } : {}) };
  });
  cpSync(join(folder, "models/mnist-float.json"), place("mnist-float.json"));
  return { ...family, samples: digits(), models };
}

const json = (value) => `${JSON.stringify(value, null, 2)}\n`;

/** A family that is made now, or the one that the list already has. */
async function made(id, make) {
  if (values.only.split(",").includes(id)) return [await make()];
  const list = existsSync(place("index.json")) ? JSON.parse(readFileSync(place("index.json"), "utf8")).families : [];
  return list
    .filter((family) => family.id === id)
    .map((family) => ({
      ...family,
      models: family.models
        .filter(({ file }) => !file.endsWith(".tflite"))
        .map(({ file, bits, accuracy, method }) => ({
          file,
          bits,
          contents: readFileSync(place(file)),
          accuracy,
          ...(method ? { method } : {}),
        })),
    }));
}

/** Adds the network for LiteRT.js, made from its 8-bit file, so that the page can measure both. */
function withPeers(family) {
  const eight = family.models.find(({ file, bits }) => bits === 8 && file.endsWith(".sbq"));
  if (eight === undefined) return family;
  const file = eight.file.replace(/sbq$/, "tflite");
  subbyte("export", place(eight.file), "--format", "tflite", "--out", place(file));
  return { ...family, models: [...family.models, { file, bits: 8, contents: readFileSync(place(file)) }] };
}

if (values.samples) await makeSamples(values.samples, place("samples"));
const families = [
  ...(await made("resnet20-cifar10", cifar)),
  ...(await made("mnist", mnist)),
  ...(await made("mobilenet-v2-imagenet", imagenet)),
  ...(await made("resnet18-cifar10", cifar18)),
].map(withPeers);
writeFileSync(place("index.json"), modelList(families));
for (const { models } of families)
  for (const { file, contents, accuracy } of models)
    say(
      `${basename(file).padEnd(32)} ${String(contents.length).padStart(8)} bytes${accuracy === undefined ? "" : `  ${(100 * accuracy).toFixed(2)} %`}`,
    );
