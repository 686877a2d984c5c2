import { once } from "node:events";
import { existsSync, mkdirSync, openSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { float32, type Graph, GraphBuilder, writeOnnx } from "@subbyte/graph";
import { processor } from "@subbyte/toolkit";
import { beforeAll, describe, expect, test } from "vitest";
import { folder, png, start, subbyte, write, writeClasses } from "../test/subbyte.js";

/** A network of one epoch on 300 digits, and its 4-bit form: enough to go all ways. */
const checkpoint = "run/best.safetensors";
const sbq = "tiny.sbq";

beforeAll(async () => {
  const trained = await subbyte(
    ..."train --arch resnet8 --data mnist --limit 300 --batch 32 --epochs 1 --validation-share 0 --out run --json --quiet".split(
      " ",
    ),
  );
  expect(trained).toMatchObject({ status: 0, stderr: "" });
  expect(JSON.parse(trained.stdout)).toMatchObject({ arch: "resnet8", seed: 0, best: 1 });
  const quantize = `quantize ${checkpoint} --data mnist --calibration-images 32 --method mse --weights 4 --activations 4 --out ${sbq}`;
  expect(await subbyte(...quantize.split(" "))).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^W4 A4 .*Written to tiny\.sbq\.$/ms),
  });
}, 120_000);

describe("the path from a checkpoint to other formats", () => {
  test("evaluate gives only JSON on stdout, and records the result", async () => {
    const { status, stdout } = await subbyte(
      ...`evaluate ${sbq} --data mnist --limit 50 --json --predictions p.json --results r.json`.split(" "),
    );
    expect(status).toBe(0);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ model: sbq, data: "mnist", split: "test", images: 50, topK: 5 });
    expect(result.fileBytes).toBe(statSync(join(folder, sbq)).size);
    expect(result.confusion.flat().reduce((a: number, b: number) => a + b)).toBe(50);
    const { predictions } = JSON.parse(readFileSync(join(folder, "p.json"), "utf8"));
    expect(predictions).toHaveLength(50);
    const record = JSON.parse(readFileSync(join(folder, "r.json"), "utf8"));
    expect(record).toMatchObject({
      options: { data: "mnist", limit: 50, batch: 64 },
      machine: { cpu: processor().cpu, node: process.version },
      result,
    });
    expect(record.command).toContain(`subbyte evaluate ${sbq} --data mnist --limit 50`);
  });

  test("the simulation on codes predicts what the engine predicts", async () => {
    const predictions = async (...more: readonly string[]) => {
      await subbyte("evaluate", sbq, "--data", "mnist", "--limit", "40", "--predictions", "q.json", ...more);
      return JSON.parse(readFileSync(join(folder, "q.json"), "utf8")).predictions;
    };
    expect(await predictions("--simulate", "codes")).toEqual(await predictions());
  });

  test("a policy template holds each layer, and quantize takes it back", async () => {
    const read = (file: string) => readFileSync(join(folder, file), "utf8");
    const float = await subbyte("inspect", checkpoint, "--policy-template", "float.yaml");
    expect(float).toMatchObject({ status: 0, stderr: expect.not.stringContaining("error") });
    expect(float.stdout).toMatch(/Bit widths of all layers written to float\.yaml, for quantize --policy\./);
    const entries = read("float.yaml").match(/^- \{ pattern: "[^"]+", weights: 8, activations: 8 \} # .+$/gm)!;
    expect(entries.length).toBeGreaterThan(8);

    // What a person does with it: other bits for one layer.
    const name = /pattern: "([^"]+)"/.exec(entries[2]!)![1]!;
    write("edited.yaml", read("float.yaml").replace(entries[2]!, entries[2]!.replaceAll(": 8", ": 3")));
    const options = "--data mnist --limit 40 --calibration-images 20 --method mse --force --policy edited.yaml";
    expect(await subbyte("quantize", checkpoint, ...options.split(" "), "--out", "edited.sbq")).toMatchObject({
      status: 0,
    });
    expect(await subbyte("inspect", "edited.sbq", "--policy-template", "again.json")).toMatchObject({ status: 0 });
    const again = JSON.parse(read("again.json")) as readonly { readonly pattern: string }[];
    expect(again).toHaveLength(entries.length);
    for (const entry of again)
      expect(entry).toMatchObject(
        entry.pattern === name ? { weights: 3, activations: 3 } : { weights: 8, activations: 8 },
      );

    // A file that may have been edited is not written over.
    const twice = await subbyte("inspect", "edited.sbq", "--policy-template", "edited.yaml");
    expect(twice).toMatchObject({ status: 2, stdout: "" });
    expect(twice.stderr).toMatch(/--policy-template: edited\.yaml exists already, and may have been edited/);
  }, 300_000);

  test("what the comparison proposes can be quantized", async () => {
    const compare = `inspect ${sbq} --compare ${checkpoint} --data mnist --limit 40 --policy-template proposed.json --json`;
    const { status, stdout } = await subbyte(...compare.split(" "));
    expect(status).toBe(0);
    const { proposal, policyTemplate } = JSON.parse(stdout);
    expect(policyTemplate).toBe("proposed.json");
    expect(proposal).toMatchObject({ images: 20, isHeldOut: true });
    expect(JSON.parse(readFileSync(join(folder, "proposed.json"), "utf8"))).toEqual(proposal.policy);
    const options = "--data mnist --limit 40 --calibration-images 20 --method mse --force --policy proposed.json";
    expect(await subbyte("quantize", checkpoint, ...options.split(" "), "--out", "more.sbq")).toMatchObject({
      status: 0,
    });
    const { operators } = JSON.parse((await subbyte("inspect", "more.sbq", "--json")).stdout);
    for (const { layer, weights } of proposal.raised)
      expect(operators.find(({ name }: { name: string }) => name === layer)).toMatchObject({ weights: weights[1] });
  }, 300_000);

  test.each([
    ["quantize", `quantize ${checkpoint} --data mnist --out taken`],
    ["evaluate", `evaluate ${sbq} --data mnist --predictions taken`],
    ["--results", `evaluate ${sbq} --data mnist --results taken`],
    ["export", `export ${sbq} --out taken`],
    ["inspect --compare", `inspect ${sbq} --compare ${checkpoint} --data mnist --report taken`],
  ])(
    "%s says before the work that its file cannot be written",
    async (_, line) => {
      mkdirSync(join(folder, "taken", "inner"), { recursive: true });
      const { status, stdout, stderr } = await subbyte(...line.split(" "));
      expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
      // Nothing was said before: no images were opened.
      expect(stderr).toMatch(/^error: "taken" could not be written: there is a folder of that name/);
    },
    120_000,
  );

  test("inspect --compare finds the layers that hurt, as JSON and as a page", async () => {
    const { status, stdout, stderr } = await subbyte(
      ...`inspect ${sbq} --compare ${checkpoint} --data mnist --limit 40 --each-layer --report layers.html --json --quiet`.split(
        " ",
      ),
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const { layers, closeness } = JSON.parse(stdout);
    expect(closeness.agreement).toBeGreaterThan(0);
    expect(layers.length).toBeGreaterThan(5);
    for (const layer of layers) {
      expect(layer.cause).toMatch(/./);
      expect(layer.aloneDb).toBeGreaterThan(0);
      expect(layer.keptFloat.agreement).toBeGreaterThan(0);
    }
    const html = readFileSync(join(folder, "layers.html"), "utf8");
    expect(html).toContain(layers[0].layer);
    expect(html).toContain("<svg");
  });

  test("export writes .tflite of a float network, and refuses 4-bit activations", async () => {
    const line = `export ${checkpoint} --format tflite --out tiny.tflite --json`;
    const { status, stdout } = await subbyte(...line.split(" "));
    expect(status).toBe(0);
    const file = readFileSync(join(folder, "tiny.tflite"));
    expect(JSON.parse(stdout)).toMatchObject({ format: "tflite", precision: "float32", bytes: file.length });
    expect(file.toString("latin1", 4, 8)).toBe("TFL3");
    const refused = await subbyte("export", sbq, "--format", "tflite", "--out", "no.tflite");
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining("fewer than 8 bits") });
    expect(existsSync(join(folder, "no.tflite"))).toBe(false);
    const conflict = await subbyte("export", sbq, "--format", "tflite", "--reduce-range");
    expect(conflict).toMatchObject({ status: 2, stderr: expect.stringContaining("--reduce-range") });
  });

  test("export writes quantized ONNX that evaluate reads", async () => {
    expect(await subbyte("export", sbq, "--out", "tiny.onnx")).toMatchObject({ status: 0 });
    const { status, stdout } = await subbyte(
      ..."evaluate tiny.onnx --data mnist --limit 50 --disable-quant-qdq --json --quiet".split(" "),
    );
    expect(status).toBe(0);
    expect(JSON.parse(stdout).images).toBe(50);
  });

  test("quantize --avg-bits gives each layer bit widths of its own, and --policy gives them again", async () => {
    const line = `quantize ${checkpoint} --data mnist --calibration-images 32 --method mse --avg-bits 3 --quiet`;
    const { status, stdout } = await subbyte(...line.split(" "), "--out", "mixed.sbq");
    expect(status).toBe(0);
    expect(stdout).toContain("the same bit width everywhere");
    const policy = readFileSync(join(folder, "mixed-policy.json"), "utf8");
    const entries: readonly { activations: number }[] = JSON.parse(policy);
    expect(policy.trim().split("\n")).toHaveLength(entries.length + 2);
    const again = `quantize ${checkpoint} --data mnist --calibration-images 32 --method mse --weights 8 --activations 8 --policy mixed-policy.json --quiet`;
    expect((await subbyte(...again.split(" "), "--out", "again.sbq")).status).toBe(0);
    expect(readFileSync(join(folder, "again.sbq"))).toEqual(readFileSync(join(folder, "mixed.sbq")));
    const { operators } = JSON.parse((await subbyte("inspect", "mixed.sbq", "--json")).stdout);
    const read = operators.map(({ input }: { input: readonly number[] }) => input.join());
    for (const { activations } of entries) expect(read).toContain(String(activations));
  }, 300_000);

  test("classify names photographs of any size", async () => {
    write("photo.png", png(300, 200, 90));
    const { status, stdout } = await subbyte("classify", sbq, "photo.png", "photo.png", "--top", "2", "--quiet");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^image +class +probability\nphoto\.png +\d +\d+\.\d\d %\n +\d +\d+\.\d\d %\nphoto\.png /);
    const { images } = JSON.parse((await subbyte("classify", sbq, "photo.png", "--json", "--quiet")).stdout);
    expect(images[0].predictions).toHaveLength(5);
    const missing = await subbyte("classify", sbq);
    expect(missing).toMatchObject({ status: 2, stderr: expect.stringContaining("missing required argument 'images'") });
  });

  test("bench times a model file, on one thread and on several", async () => {
    const { status, stdout } = await subbyte("bench", sbq, "--turns", "2", "--quiet");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^runtime +threads +ms\/image +fastest +CPU ms +images\/s\nengine \(\w+\) +1 +[\d.]+ /);
    const line = "bench tiny.sbq --threads 1 --turns 2 --profile --json --quiet".split(" ");
    const { runtime, times, layers } = JSON.parse((await subbyte(...line)).stdout);
    expect({ runtime, threads: times.map((each: { threads: number }) => each.threads) }).toEqual({
      runtime: "engine",
      threads: [1],
    });
    for (const key of ["milliseconds", "fastestMilliseconds", "cpuMilliseconds"])
      expect(times[0][key]).toBeGreaterThan(0);
    expect(layers.map(({ name }: { name: string }) => name)).toContain("layer1.0.conv1");
    const float = JSON.parse((await subbyte("bench", checkpoint, "--threads", "1", "--turns", "1", "--json")).stdout);
    expect(float).toMatchObject({ runtime: "onnxruntime", times: [{ threads: 1, turns: 1 }] });
  }, 300_000);

  test("bench times files in turn, and says how many times as fast the first is", async () => {
    const line = ["bench", sbq, "--against", `${checkpoint},${sbq}`, "--turns", "2", "--quiet"];
    const { stdout } = await subbyte(...line);
    expect(stdout).toMatch(/^model +size +runtime +ms\/image +fastest +CPU ms +ratio +in CPU time\n/);
    const { times } = JSON.parse((await subbyte(...line, "--json")).stdout);
    expect(times.map(({ runtime }: { runtime: string }) => runtime)).toEqual([
      "engine",
      "onnxruntime-web",
      "onnxruntime-node",
      "engine",
    ]);
    expect(times[0]).toMatchObject({ ratio: 1, cpuRatio: 1, turns: 2 });
    for (const { correlation } of [times[1], times[2]]) expect(correlation).toBeGreaterThan(0.7);
    expect(times[3].correlation).toBeCloseTo(1, 6);
    expect(await subbyte(...line, "--profile")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("--against"),
    });
    expect(await subbyte(...line, "--browser")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("square images of three channels"),
    });
    const alone = await subbyte("bench", "--against", sbq);
    expect(alone).toMatchObject({ status: 2, stderr: expect.stringContaining("which model file is compared") });
  }, 300_000);

  test("inspect prints operators with their bit widths", async () => {
    const { stdout } = await subbyte("inspect", sbq);
    expect(stdout).toMatch(/layer1\.0\.conv1 +conv +8×28×28 +584 +4 +4/);
    expect(JSON.parse((await subbyte("inspect", sbq, "--json")).stdout)).toMatchObject({
      kind: "quantized",
      classes: 10,
    });
  });

  test("a reader that goes away is no error", async () => {
    const child = start(["inspect", sbq], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout!.destroy();
    let stderr = "";
    child.stderr!.on("data", (text) => {
      stderr += text;
    });
    const [status] = await once(child, "close");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  test("options stand in a configuration file, and the command line wins", async () => {
    write("config.yaml", "data: mnist\nlimit: 20\njson: true\nquiet: true\n");
    const { stdout, stderr } = await subbyte("evaluate", sbq, "--config", "config.yaml", "--limit", "30");
    // A warning of its low accuracy may be there.
    expect(stderr).not.toMatch(/note:|evaluating/);
    expect(JSON.parse(stdout).images).toBe(30);
  });
});

describe("wrong use and bad input", () => {
  beforeAll(() => {
    write("text.onnx", "not a model");
    write("empty.onnx", "");
    write("damaged.sbq", flipped(readFileSync(join(folder, sbq))));
    write("cut.sbq", readFileSync(join(folder, sbq)).subarray(0, 9000));
    write("typo.yaml", "wieghts: 4\n");
    write("words.yaml", "- pattern: layer1.0.conv2\n  activations: wide\n");
    write("channels.yaml", "- pattern: layer1.0.conv2\n  channels: [2, 3]\n");
    write("word.yaml", "weights: four\n");
    write("list.yaml", "[1, 2\n");
    write("gaps.onnx", writeOnnx(averageWithGaps()));
    for (const pet of ["cat", "dog"]) for (let i = 0; i < 5; i++) write(`pets/${pet}/${i}.png`, png(28, 28, i));
    write("pets.txt", "cat 9\ndog 10\n");
    writeClasses("ten", Array(10).fill(3));
    writeClasses("large", Array(10).fill(3), 40);
    writeClasses("poor", [4, 1, 0]);
    writeClasses("damaged/train", Array(10).fill(3));
    write("damaged/train/3/2.png", png(28, 28, 7).subarray(0, 50));
  });

  test.concurrent.each([
    ["evalute x", /unknown command 'evalute'\n\(Did you mean evaluate\?\)/],
    ["evaluate x --dta y", /unknown option '--dta'\n\(Did you mean --data\?\)/],
    ["evaluate absent.onnx --data mnist", /absent\.onnx: there is no such file/],
    ["evaluate run --data mnist", /run: this is a folder where a file is needed/],
    ["evaluate text.onnx --data mnist", /text\.onnx: this is not an ONNX model/],
    ["evaluate empty.onnx --data mnist", /empty\.onnx: .*the file is empty/],
    ["evaluate damaged.sbq --data mnist", /damaged\.sbq is a damaged \.sbq file.*checksum/],
    ["inspect cut.sbq", /cut\.sbq is a damaged \.sbq file/],
    ["evaluate tiny.sbq", /--data is missing/],
    ["evaluate tiny.sbq --data nowhere", /"nowhere": no such file or folder/],
    ["evaluate tiny.sbq --data pets", /"pets" has other classes than tiny\.sbq: cat, dog; the model has 0, 1, 2 … 9/],
    ["evaluate tiny.sbq --data pets --labels-map order", /tiny\.sbq has 10 classes, but the images of "pets" have 2/],
    [
      "evaluate tiny.sbq --data pets --labels-map pets.txt",
      /--labels-map: it names class 10, but the model has the classes 0 … 9/,
    ],
    ["evaluate tiny.sbq --data poor", /"1" has one image, "2" is empty/],
    ["evaluate tiny.sbq --data large --fit exact", /is 40×40 pixels where 28×28 is expected/],
    ["evaluate tiny.sbq --data mnist --mean 0.5", /--mean 0\.5: tiny\.sbq was quantized with 0\.1307/],
    ["evaluate tiny.sbq --data mnist --limit 0", /--limit 0: it takes a whole number from 1 up/],
    [`quantize ${checkpoint} --data damaged`, /"train\/3\/2\.png" in "damaged" cannot be decoded.*--skip-bad-images/],
    [`quantize ${checkpoint} --data mnist --weights 1`, /--weights 1: it takes a whole number from 2 to 8/],
    [`quantize ${checkpoint} --data mnist --activations 9`, /--activations 9: it takes a whole number from 2 to 8/],
    [`quantize ${checkpoint} --data mnist --method guess`, /--method guess: it takes one of auto, minmax/],
    [`quantize ${checkpoint} --data mnist --std 0`, /--std 0: a standard deviation is greater than 0/],
    [`quantize ${checkpoint} --data mnist --mean 1,2,3`, /--mean 1,2,3: the images have one channel; give one value/],
    [`inspect ${checkpoint} --compare tiny.sbq --data mnist`, /--compare takes a float network/],
    [`quantize ${checkpoint} --data mnist --policy words.yaml`, /--policy words\.yaml must be a list of entries/],
    [
      `quantize ${checkpoint} --data mnist --policy channels.yaml`,
      /"layer1\.0\.conv2" has "channels", but bit widths of single channels are not supported any more/,
    ],
    [`quantize ${checkpoint} --data mnist --max-size big`, /it takes a size such as 200kB or 3MB/],
    [
      `quantize ${checkpoint} --data mnist --max-time 3 --avg-bits 3`,
      /--max-time cannot be combined with other budgets/,
    ],
    ["quantize gaps.onnx --data nowhere", /AveragePool "mean".*found dilations \[2,1\]/],
    [
      `quantize ${checkpoint} --data mnist --batch 8`,
      /quantize does not read --batch, which belongs to train, qat, eval/,
    ],
    ["evaluate tiny.sbq --data mnist --seed 1", /evaluate does not read --seed/],
    ["bench tiny.sbq --bits 4", /--bits is for networks that bench makes itself/],
    [`bench ${checkpoint} --profile`, /layers are timed on the integer engine/],
    ["bench", /say what to measure: bench model\.sbq, bench --engine or bench --training/],
    ["inspect tiny.sbq --data mnist", /inspect reads --data only together with --compare/],
    [
      "qat tiny.sbq --data mnist --weights 4",
      /--weights says how a float network is quantized; tiny\.sbq is quantized already/,
    ],
    ["quantize tiny.sbq --data mnist", /tiny\.sbq is quantized already/],
    [`quantize ${checkpoint} --config typo.yaml`, /"wieghts" is no option of "quantize"; did you mean "weights"\?/],
    [`quantize ${checkpoint} --config word.yaml`, /--config word\.yaml: --weights four: it takes a whole number/],
    [`quantize ${checkpoint} --config list.yaml`, /list\.yaml is not JSON or YAML/],
    [`export ${checkpoint}`, /is a float network; quantize it first/],
    [`evaluate ${checkpoint} --data mnist --simulate codes`, /is a float network; only a \.sbq can be simulated/],
    ["train --arch resnet9 --data mnist", /--arch resnet9: it takes one of resnet18/],
    ["train --arch resnet8 --data mnist --resume --out none", /to resume from/],
  ])("%s", async (line, message) => {
    const { status, stdout, stderr } = await subbyte(...line.split(" "), "--quiet");
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  });

  test("--verbose adds where it happened", async () => {
    expect((await subbyte("inspect", "absent.onnx", "--verbose")).stderr).toMatch(/^ {4}at /m);
  });

  test("damaged images are left out and counted where that is asked for", async () => {
    const { status, stderr, stdout } = await subbyte(
      ...`evaluate ${checkpoint} --data damaged --split train --skip-bad-images --json`.split(" "),
    );
    expect(status).toBe(0);
    const { images, notes } = JSON.parse(stdout);
    expect(notes.join()).toMatch(/1 damaged image was left out: "train\/3\/2\.png"/);
    expect(images).toBe(29);
    expect(stderr).toMatch(/1 damaged image was left out/);
  });

  test.runIf(existsSync("/dev/full"))("a full disk ends with status 3", async () => {
    const full = openSync("/dev/full", "w");
    const child = start(["inspect", sbq], { stdio: ["ignore", full, "pipe"] });
    let stderr = "";
    child.stderr!.on("data", (text) => {
      stderr += text;
    });
    const [status] = await once(child, "close");
    expect(stderr).toMatch(/^error: .*the disk is full/);
    expect(status).toBe(3);
  });

  test("Ctrl-C in a training leaves a checkpoint and says how to go on", async () => {
    const train = "train --arch resnet8 --data mnist --batch 32 --epochs 90 --out stopped";
    const child = start(train.split(" "), { stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr!.on("data", (text: Buffer) => {
      stderr += text;
      if (/epoch \d+\/90 /.test(stderr) && !child.killed) child.kill("SIGINT");
    });
    const [status] = await once(child, "close");
    expect(stderr).toMatch(/stopped: training stopped in epoch \d+ of 90.*--resume goes on from there/);
    expect(status).toBe(130);
    expect(existsSync(join(folder, "stopped/checkpoint.safetensors"))).toBe(true);
  });
});

/** With one bit of the last data block changed. */
function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length - 5]! ^= 1;
  return copy;
}

/** An average over a window with gaps, which ONNX knows and the engine does not: `[N, 1, 8, 8]` → `[N, 2]`. */
function averageWithGaps(): Graph {
  const b = new GraphBuilder("gaps");
  const image = b.input("input", "float32", ["N", 1, 8, 8]);
  const attributes = { kernel_shape: [3, 3], dilations: [2, 1] };
  const mean = b.op("AveragePool", [image], attributes, { name: "mean" }); // 4 × 6
  const weight = b.constant(float32(new Float32Array(48).fill(0.1), [2, 24]), "fc.weight");
  b.output(b.op("Gemm", [b.op("Flatten", [mean], { axis: 1 }), weight], { transB: 1 }, { name: "fc" }));
  return b.build();
}
