import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { everyOperator, tinyNetwork } from "../test/networks.js";
import { program, Random, tensor } from "../test/programs.js";
import { FormatError, InputError, LoadError } from "./errors.js";
import { writeSbq } from "./format/writer.js";
import { inspect, type LoadOptions, load } from "./load.js";
import { classProbabilities, softmax } from "./prediction.js";
import { createReference, quantizeInput } from "./reference/reference.js";
import type { DownloadProgress } from "./source.js";
import { supportedTier } from "./wasm/modules.js";

const network = everyOperator(new Random(5), { bits: 4 });
const file = writeSbq(network);
const images = new Random(6).bytes(5 * 192);
const expected = createReference(network).run(images, 5);

/** Every way to run a model in Node. */
const ways: readonly (LoadOptions & { readonly way: string; readonly runsOn: string })[] = [
  { way: "scalar", tier: "scalar", runsOn: "caller" },
  { way: "plain SIMD", tier: "simd", runsOn: "caller" },
  { way: "the machine's best tier", runsOn: "caller" },
  { way: "a worker", worker: true, runsOn: "worker" },
  { way: "two threads on every image", threads: 2, runsOn: "caller" },
  { way: "three threads of a worker, plain SIMD", threads: 3, worker: true, tier: "simd", runsOn: "worker" },
  { way: "two workers, one image each", threads: 2, parallel: "images", runsOn: "worker" },
];

test("a model that decides each class by itself gives each class's sigmoid", async () => {
  const image = { data: images.subarray(0, 192), width: 8, height: 8, channels: 3 };
  for (const probabilities of ["softmax", "sigmoid"] as const) {
    const model = await load(writeSbq({ ...network, probabilities }));
    expect(model.probabilities).toBe(probabilities);
    const predictions = await model.classify(image, { topK: 10 });
    const logits = await model.run(image.data);
    for (const { index, probability } of predictions)
      expect(probability).toBe(classProbabilities(logits, probabilities)[index]);
    const sum = predictions.reduce((total, { probability }) => total + probability, 0);
    if (probabilities === "softmax") expect(sum).toBeCloseTo(1, 12);
    else expect(predictions[0]!.probability).toBeCloseTo(1 / (1 + Math.exp(-Math.max(...logits))), 12);
    model.dispose();
  }
  expect([...classProbabilities(Float32Array.of(-1e30, 0, 1e30), "sigmoid")]).toEqual([0, 0.5, 1]);
});

describe.each(ways)("$way", ({ way: _, runsOn, ...options }) => {
  test("run gives the reference's logits, for bytes and for real values", async () => {
    const model = await load(file, options);
    expect(model.runsOn).toBe(runsOn);
    expect(model.threads).toBe(options.threads ?? 1);
    expect(model.tier).toBe(options.tier ?? supportedTier());
    expect(model.fallback).toBeUndefined();
    expect(await model.run(images)).toEqual(expected);
    expect(await model.run(images.subarray(0, 192))).toEqual(expected.slice(0, 10));
    const values = Float32Array.from({ length: 2 * 192 }, (_, i) => Math.fround(Math.sin(i)));
    expect(await model.run(values)).toEqual(createReference(network).runCodes(quantizeInput(network, values), 2));
    model.dispose();
  });

  test("refuses what does not fit, with the error's class", async () => {
    const model = await load(file, options);
    await expect(model.run(images.subarray(1))).rejects.toThrow(InputError);
    await expect(model.run(new Uint8Array(0))).rejects.toThrow(InputError);
    await expect(model.run(new Float32Array(192).fill(Number.NaN))).rejects.toThrow("is NaN");
    await expect(model.classify({ data: images, height: 8, width: 9, channels: 3 })).rejects.toThrow(InputError);
    model.dispose();
    await expect(model.run(images)).rejects.toThrow("disposed");
    const damaged = file.slice();
    damaged[damaged.length - 1]! ^= 1;
    const error = await load(damaged, options).catch((reason) => reason);
    expect(error).toBeInstanceOf(FormatError);
    expect(error.field).toMatch(/crc32c$/);
    expect(error.message).toMatch(new RegExp(`^${error.field.replace(/[[\]]/g, "\\$&")}: [^:]`));
  });

  test("classify takes one image or a list", async () => {
    const model = await load(file, options);
    const image = (n: number) => ({
      data: images.slice(192 * n, 192 * n + 192),
      height: 8,
      width: 8,
      channels: 3,
    });
    const all = await model.classify([image(0), image(1), image(2)], { topK: 2 });
    expect(all.map((ranked) => ranked.length)).toEqual([2, 2, 2]);
    expect(await model.classify(image(1), { topK: 2 })).toEqual(all[1]);
    const best = expected.subarray(10, 20).indexOf(Math.max(...expected.subarray(10, 20)));
    expect(all[1]![0]!.index).toBe(best);
    expect(all[1]![0]!.label).toBe(network.labels![best]);
    model.dispose();
  });

  test("profile has every operator that runs by itself, with its multiply-adds", async () => {
    const model = await load(file, options);
    const profile = await model.profile(2);
    expect(profile.reduce((sum, layer) => sum + layer.multiplyAdds, 0)).toBe(model.multiplyAdds);
    const block = profile.find(({ name }) => name === "block")!;
    expect(block.milliseconds).toBeGreaterThanOrEqual(0);
    expect(block.gmacPerSecond).toBeGreaterThan(0);
    expect(block.kernels.length > 0).toBe(model.tier !== "scalar");
    model.dispose();
  });
});

test.each(ways)(
  "a Buffer, as Node reads files and pixels, stays the caller's: $way",
  async ({ way: _, runsOn: __, ...options }) => {
    // Buffers of their own, not parts of Node's pool, which cannot be taken away.
    const [model, pixels] = [file, images].map((bytes) => {
      const own = Buffer.allocUnsafeSlow(bytes.length);
      own.set(bytes);
      return own;
    }) as [Buffer, Buffer];
    const loaded = await load(model, options);
    expect(await loaded.run(pixels)).toEqual(expected);
    await loaded.classify({ data: pixels.subarray(0, 192), width: 8, height: 8, channels: 3 });
    expect(Buffer.compare(model, file)).toBe(0);
    expect(Buffer.compare(pixels, images)).toBe(0);
    loaded.dispose();
  },
);

test("calls that wait when the model is disposed of are refused", async () => {
  const model = await load(file, { worker: true });
  const waiting = [model.run(images), model.profile()];
  model.dispose();
  for (const call of waiting) await expect(call).rejects.toThrow("disposed of");
});

test("threads are a positive number", async () => {
  for (const threads of [0, 1.5, Number.NaN]) await expect(load(file, { threads })).rejects.toThrow(InputError);
});

test("classify ranks by logit, equal logits by index, with labels and probabilities that sum to 1", async () => {
  const model = await load(writeSbq(tinyNetwork()));
  const image = { data: Uint8Array.of(9, 200, 3), height: 1, width: 1, channels: 3 };
  const [first, second] = await model.classify(image);
  expect([first!.label, second!.label]).toEqual(["yes", "no"]);
  expect(first!.probability + second!.probability).toBeCloseTo(1, 12);
  expect(await model.classify(image, { topK: 1 })).toEqual([first]);
  await expect(model.classify(image, { topK: 0 })).rejects.toThrow("topK must be a positive integer");
  const withAlpha = { data: Uint8ClampedArray.of(9, 200, 3, 77), height: 1, width: 1 };
  expect(await model.classify(withAlpha)).toEqual([first, second]);

  const x = tensor("x", [3, 1, 1]);
  const ties = program(
    [x, { ...x, name: "flat", shape: [3] }],
    [
      { op: "reshape", name: "flatten", input: 0, output: 1 },
      { op: "dequantize", name: "logits", input: 1 },
    ],
  );
  const ranked = await (await load(writeSbq(ties))).classify({ ...image, data: Uint8Array.of(4, 9, 4) });
  expect(ranked.map(({ index }) => index)).toEqual([1, 0, 2]);
  expect(ranked[0]).not.toHaveProperty("label");
});

test("softmax survives large logits", () => {
  expect([...softmax(Float32Array.of(3e38, 3e38, -3e38))]).toEqual([0.5, 0.5, 0]);
});

test("describe says what a person asks first", async () => {
  const model = await load(writeSbq(everyOperator(new Random(1), { bits: 4 })), { tier: "simd" });
  expect(model.describe()).toMatchInlineSnapshot(`
    "every operator: 3 × 8 × 8 bytes to 10 classes
    15 operators, 0.0119 million multiply-adds per image
    600 weights at 4.00 bits on average, 0.198 MB of memory
    top-1 50.00 % on test/all"
  `);
});

test("inspect gives what the loaded model has, without loading it", async () => {
  const info = inspect(file);
  const model = await load(file);
  expect(model).toMatchObject(info);
  expect(() => inspect(file, { maxBytes: 1000 })).toThrow(FormatError);
  for (const options of [
    { tier: "scalar" },
    { tier: "simd", threads: 2 },
    { threads: 2, parallel: "images" },
  ] as const) {
    const other = await load(file, options);
    expect(inspect(file, options).peakBytes).toBe(other.peakBytes);
    other.dispose();
  }
  const { peakBytes } = inspect(file);
  await expect(load(file, { maxBytes: peakBytes - 1 })).rejects.toThrow(/needs \d+ bytes of memory in the tier/);
  expect((await load(file, { maxBytes: peakBytes })).peakBytes).toBe(peakBytes);
});

describe("sources", () => {
  const server = createServer((request, response) => {
    if (request.url === "/model.sbq") response.writeHead(200, { "content-length": file.length }).end(file);
    else if (request.url === "/chunked.sbq") {
      response.write(file.subarray(0, 1000));
      response.end(file.subarray(1000));
    } else if (request.url === "/never.sbq") response.writeHead(200, { "content-length": file.length }).write("SBQ");
    else response.writeHead(404).end("no such file");
  });
  const listening = new Promise<string>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const path = join(mkdtempSync(join(tmpdir(), "subbyte-")), "model.sbq");
  writeFileSync(path, file);

  test("a buffer, a path, a file URL, a URL and a response give the same model", async () => {
    const url = `${await listening}/model.sbq`;
    const whole = file.buffer.slice(file.byteOffset, file.byteOffset + file.length) as ArrayBuffer;
    for (const source of [whole, path, pathToFileURL(path), url, new URL(url), await fetch(url)])
      expect(await (await load(source)).run(images)).toEqual(expected);
  });

  test("progress is told, with the size where it is known", async () => {
    for (const [name, totalBytes] of [
      ["model.sbq", file.length],
      ["chunked.sbq", undefined],
    ] as const) {
      const seen: DownloadProgress[] = [];
      await load(`${await listening}/${name}`, { onProgress: (progress) => seen.push(progress) });
      expect(seen.at(-1)).toEqual({ loadedBytes: file.length, ...(totalBytes === undefined ? {} : { totalBytes }) });
      expect(seen.map(({ loadedBytes }) => loadedBytes)).toEqual(
        seen.map(({ loadedBytes }) => loadedBytes).toSorted((a, b) => a - b),
      );
    }
  });

  test("what cannot be fetched is a LoadError that names it", async () => {
    const origin = await listening;
    await expect(load(`${origin}/missing.sbq`)).rejects.toThrow(/missing\.sbq was answered with status 404/);
    await expect(load(`${origin}/missing.sbq`)).rejects.toThrow(LoadError);
    await expect(load("http://127.0.0.1:1/model.sbq")).rejects.toThrow(LoadError);
    await expect(load(`${path}.missing`)).rejects.toThrow(/\.missing: ENOENT/);
    for (const name of ["model.sbq", "chunked.sbq"])
      await expect(load(`${origin}/${name}`, { maxBytes: 500 })).rejects.toThrow(/limit of 500; raise maxBytes/);
  });

  test("a signal ends the download", async () => {
    const url = `${await listening}/never.sbq`;
    const controller = new AbortController();
    const loading = load(url, { signal: controller.signal, onProgress: () => controller.abort(new Error("enough")) });
    await expect(loading).rejects.toThrow("enough");
    await expect(load(file, { signal: controller.signal })).rejects.toThrow("enough");
  });
});
