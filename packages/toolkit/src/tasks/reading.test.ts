/** Mistakes about images that cause no error: classes, their order, normalization, channels, sizes. */

import { copyFile, cp, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { GraphBuilder, writeOnnx } from "@subbyte/graph";
import { beforeAll, describe, expect, test } from "vitest";
import { brightnessPhotos } from "../../test/brightness-images.js";
import { cacheIn, temporaryFolder } from "../../test/images.js";
import { DataError, UsageError } from "../errors.js";
import type { TaskInput } from "../options/index.js";
import { type BrightnessOptions, brightnessClasses, brightnessNetwork } from "../testing/brightness.js";
import { evaluateModel, quantizeModel, type TaskEvent } from "./index.js";

const root = await temporaryFolder();
const cache = cacheIn(join(root, "cache"));
const photos = join(root, "photos");
const order = join(root, "classes.txt");
const unit = { mean: [0, 0, 0], std: [1, 1, 1] };

beforeAll(async () => {
  await brightnessPhotos(photos);
  await writeFile(order, brightnessClasses.join("\n"));
});

let count = 0;
async function network(options: BrightnessOptions = {}): Promise<string> {
  const path = join(root, `network${count++}.onnx`);
  await writeFile(path, writeOnnx(brightnessNetwork(options)));
  return path;
}

function recording() {
  const events: TaskEvent[] = [];
  const said = (type: "note" | "warning") =>
    events.flatMap((event) => (event.type === type ? [event.text] : [])).join("\n");
  return { context: { cache, emit: (event: TaskEvent) => void events.push(event) }, said };
}

async function evaluated(options: Partial<TaskInput<"evaluate">> = {}) {
  const { context, said } = recording();
  const model = options.model ?? (await network());
  const result = await evaluateModel({ data: photos, ...unit, labelsMap: order, ...options, model }, context);
  return { result, notes: said("note"), warnings: said("warning") };
}

async function quantized(options: Partial<TaskInput<"quantize">> = {}) {
  const { context, said } = recording();
  const model = options.model ?? (await network());
  const out = join(root, `quantized${count++}.sbq`);
  const result = await quantizeModel(
    { data: photos, ...unit, labelsMap: order, method: "mse", calibrationImages: 24, out, ...options, model },
    context,
  );
  return { result, out, notes: said("note"), warnings: said("warning") };
}

describe("classes", () => {
  test("a file of the model's classes in their order makes all right", async () => {
    const { result, notes, warnings } = await evaluated();
    expect(result).toMatchObject({ top1: 1, images: 48, classes: brightnessClasses });
    expect(notes).toMatch(/matched by `labelsMap`.*another order/);
    expect(warnings).toBe("");
  });

  test("without names, the order of the folders is taken, a note says so, and a warning that it is wrong", async () => {
    const { result, notes, warnings } = await evaluated({ labelsMap: undefined });
    expect(result.top1).toBeLessThan(0.3);
    expect(notes).toMatch(/has no class names: its classes 0 … 3 are taken to be bright, dark, dim, light/);
    expect(warnings).toMatch(/would classify 100\.0 % correctly if its classes had another order.*`labelsMap`/);
    expect(result.warnings).toHaveLength(1);
  });

  test("a quantized network has the names, and is matched by them, whatever the order of the folders", async () => {
    const { out } = await quantized();
    const { result, notes } = await evaluated({ model: out, labelsMap: undefined, mean: undefined, std: undefined });
    expect(result).toMatchObject({ top1: 1, classes: brightnessClasses });
    expect(notes).toMatch(/matched by name.*another order/);
  });

  test("other classes than the model's are refused, in their number or not", async () => {
    const { out } = await quantized();
    const model = { model: out, mean: undefined, std: undefined };
    const others = await brightnessPhotos(join(root, "others"), { folder: (name) => name.replace("dim", "dusk") });
    const evaluation = evaluated({ ...model, data: others, labelsMap: undefined });
    await expect(evaluation).rejects.toThrow(DataError);
    await expect(evaluation).rejects.toThrow(/dusk; the model has dark, dim, light, bright.*`labelsMap`/);
    const map = join(root, "dusk.json");
    await writeFile(map, JSON.stringify({ dusk: "dim" }));
    expect((await evaluated({ ...model, data: others, labelsMap: map })).result.top1).toBe(1);
  });

  test("a network evaluates on some of its classes, and chooses among all", async () => {
    const model = await network({ background: 3 });
    const map = join(root, "some.txt");
    await writeFile(map, brightnessClasses.map((name, i) => `${name} ${i + 3}`).join("\n"));
    const { result, notes } = await evaluated({ model, labelsMap: map });
    expect(result).toMatchObject({ top1: 1, classes: brightnessClasses, others: [0, 0, 0, 0] });
    expect(result.confusion).toHaveLength(4);
    expect(notes).toMatch(/images of 4 of the 7 classes/);
    await expect(evaluated({ model, labelsMap: undefined })).rejects.toThrow(/has 7 classes.*have 4.*`labelsMap`/);
  });

  test("images of other classes serve for ranges, and a note says that no accuracy is measured", async () => {
    const { result, notes } = await quantized({ model: await network({ background: 3 }), labelsMap: undefined });
    expect(notes).toMatch(/has 7 classes.*no accuracy is measured; `labelsMap`/);
    expect(result.figures.top1).toBeUndefined();
  });

  test("a file that does not fit the model is refused before images are read", async () => {
    const map = join(root, "short.txt");
    await writeFile(map, "dark\ndim\n");
    await expect(evaluated({ labelsMap: map })).rejects.toThrow(UsageError);
    await expect(evaluated({ labelsMap: map })).rejects.toThrow(/2 classes, but the model has 4/);
  });
});

test("photographs without folders serve for calibration, and a note says that no accuracy is measured", async () => {
  const flat = join(root, "flat");
  await mkdir(flat);
  for (const [i, name] of (await readdir(join(photos, "train/dim"))).entries())
    await copyFile(join(photos, "train/dim", name), join(flat, `${i}.png`));
  const { result, notes } = await quantized({ data: flat });
  expect(result.figures).toEqual({ agreement: 1, divergence: expect.any(Number), images: 12, shown: "calibration" });
  expect(notes).toMatch(/gives no labels, so its 12 images can only be used for calibration/);
  expect(notes).toMatch(/has no labels, so no accuracy is measured/);
});

test("data with a val folder alone names the option that takes it", async () => {
  const val = join(root, "val-only");
  await cp(join(photos, "test"), join(val, "val"), { recursive: true });
  await expect(quantized({ data: val })).rejects.toThrow(
    /has no train split; it has val. Name one of these with `split`/,
  );
  expect((await quantized({ data: val, split: "val" })).result.figures.top1).toBe(1);
});

describe("what import makes of a file", () => {
  /** The network with operators behind its logits, and another output before them. */
  async function ending(op: string): Promise<string> {
    const plain = brightnessNetwork();
    const b = new GraphBuilder(plain.name, plain);
    const end = b.op(op, [plain.outputs[0]!], {}, { name: "end" });
    b.setOutputs([b.op("Relu", [plain.outputs[0]!], {}, { name: "aside" }), end]);
    const path = join(root, `ending${count++}.onnx`);
    await writeFile(path, writeOnnx(b.build()));
    return path;
  }

  test("one of several outputs is chosen, told, and named by `output`", async () => {
    const model = await ending("Sigmoid");
    const first = await evaluated({ model });
    expect(first.notes).toMatch(/has 2 outputs: .* is used, .* left out/);
    expect(first.result.exact).toBeUndefined();
    const named = await evaluated({ model, output: "end" });
    expect(named.notes).not.toMatch(/outputs/);
    await expect(evaluated({ model, output: "tail" })).rejects.toThrow(/has no output "tail"; it has/);
    const { out } = await quantized({ model, output: "end" });
    const again = evaluated({ model: out, output: "end", mean: undefined, std: undefined, labelsMap: undefined });
    await expect(again).rejects.toThrow(/`output` end: only an ONNX file/);
  });

  test("a multi-label network is evaluated class by class, quantized too", async () => {
    const model = await ending("Sigmoid");
    const { result, notes } = await evaluated({ model, output: "end" });
    expect(notes).toMatch(/decides each class by itself/);
    // Minus a distance is never above 0: no class is, so that no image has its label alone.
    expect(result).toMatchObject({ top1: 1, exact: 0 });
    expect(result.loss).toBeLessThan(1);
    const { out } = await quantized({ model, output: "end" });
    const stored = await evaluated({ model: out, mean: undefined, std: undefined, labelsMap: undefined });
    expect(stored.result.loss).toBeCloseTo(result.loss, 1);
    expect(stored.result.exact).toBe(0);
  });

  test("an input of another form is told", async () => {
    const b = new GraphBuilder("flat");
    const x = b.input("pixels", "float32", ["N", 64]);
    const weight = b.constant({ dtype: "float32", shape: [4, 64], data: new Float32Array(256).fill(0.1) });
    b.output(b.op("Gemm", [x, weight], { transB: 1 }));
    const model = join(root, "flat.onnx");
    await writeFile(model, writeOnnx(b.build()));
    const { notes } = await evaluated({ model, mean: [0], std: [1] });
    expect(notes).toMatch(/flat\.onnx was brought to the usual form: its flat input is now an image of 1×8×8/);
  });
});

describe("normalization", () => {
  test("is told with where it comes from", async () => {
    expect((await evaluated()).notes).toMatch(/RGB, 8×8 pixels, normalized by mean 0,0,0 and std 1,1,1 \(as given\)/);
    const guess = await evaluated({ mean: undefined, std: undefined });
    expect(guess.notes).toMatch(
      /mean 0\.485,0\.456,0\.406 and std 0\.229,0\.224,0\.225 \(a guess\); nothing in .*`mean` and `std`/,
    );
    expect(guess.result.preparation.origin).toEqual({ mean: "guess", std: "guess" });
    const half = await evaluated({ std: undefined });
    expect(half.notes).toMatch(/mean 0,0,0 \(as given\) and std 0\.229,0\.224,0\.225 \(a guess\)/);
    const { out } = await quantized();
    const stored = await evaluated({ model: out, mean: undefined, std: undefined, labelsMap: undefined });
    expect(stored.notes).toMatch(/\(as .*\.sbq says\)/);
  });

  test("in units of pixels is refused, with the values in the right unit", async () => {
    const evaluation = evaluated({ mean: [123.675, 116.28, 103.53] });
    await expect(evaluation).rejects.toThrow(/`mean` 123\.675.*units of pixel \/ 255: 0\.485,0\.456,0\.406/);
    await expect(evaluated({ std: [58.395, 57.12, 57.375] })).rejects.toThrow(/`std`.*0\.229,0\.224,0\.225/);
  });

  test("a wrong one is warned of near chance, and the right one is named", async () => {
    const { result, warnings } = await evaluated({ model: await network({ unit: 255 }) });
    expect(result.top1).toBe(0.25);
    expect(warnings).toMatch(/classifies only 25\.0 % of 48 images correctly, hardly more than chance \(25\.0 %\)/);
    expect(warnings).toMatch(
      /correctly, but 100\.0 % with mean 0,0,0 std 0\.00392157.*\(pixels of 0 … 255\): give the right normalization/,
    );
  });

  test("a wrong guess is warned of even where accuracy is above chance", async () => {
    const { result, warnings } = await evaluated({ mean: undefined, std: undefined });
    expect(result.top1).toBeGreaterThan(0.45);
    expect(warnings).toMatch(
      /guessed normalization of .* seems wrong.*100\.0 % with mean 0,0,0 std 1,1,1 \(pixels of 0 … 1\)/,
    );
  });

  test("quantize warns before it writes a useless file, and decides by agreement", async () => {
    const { result, warnings } = await quantized({ model: await network({ unit: 255 }) });
    expect(warnings).toMatch(/hardly more than chance.*pixels of 0 … 255/);
    expect(result.warnings).toHaveLength(1);
    expect(result.figures).toMatchObject({ top1: 0.25, floatTop1: 0.25, agreement: 1 });
  });

  test("an accuracy far below what the file states is warned of", async () => {
    const { out } = await quantized();
    const mixed = await brightnessPhotos(join(root, "others2/photos"), { mixed: true });
    const { warnings } = await evaluated({
      model: out,
      mean: undefined,
      std: undefined,
      labelsMap: undefined,
      data: mixed,
    });
    expect(warnings).toMatch(
      /25\.0 % of 48 images correctly, far below the 100\.0 % that its file states for "photos train"/,
    );
  });

  test("a network that no reading helps is told to look at its classes", async () => {
    const mixed = await brightnessPhotos(join(root, "mixed"), { mixed: true });
    const { warnings } = await evaluated({ data: mixed });
    expect(warnings).toMatch(/usual ways to normalize, RGB and BGR, are no better: check the classes/);
  });
});

describe("channels and sizes", () => {
  test("a network of BGR is found out, and `channelOrder` mends it", async () => {
    const model = await network({ red: 2 });
    const { warnings } = await evaluated({ model });
    expect(warnings).toMatch(/hardly more than chance.*100\.0 % with mean 0,0,0 std 1,1,1 channelOrder bgr/);
    const mended = await evaluated({ model, channelOrder: "bgr" });
    expect(mended.result.top1).toBe(1);
    expect(mended.notes).toMatch(/images are BGR/);
    // The quantized network takes RGB as all do.
    const { out } = await quantized({ model, channelOrder: "bgr" });
    const { result } = await evaluated({ model: out, mean: undefined, std: undefined, labelsMap: undefined });
    expect(result.top1).toBe(1);
    await expect(evaluated({ model: out, channelOrder: "bgr" })).rejects.toThrow(/`channelOrder` bgr/);
  });

  test("images of another size are resized, which a note says, or refused where that is asked for", async () => {
    const large = await brightnessPhotos(join(root, "large"), { side: 20 });
    const { result, notes } = await evaluated({ data: large });
    expect(result.top1).toBe(1);
    expect(notes).toMatch(/48 of 48 images have another size than 8×8 pixels: they are resized to cover that/);
    await expect(evaluated({ data: large, fit: "exact" })).rejects.toThrow(/is 20×20 pixels where 8×8 is expected/);
  });
});
