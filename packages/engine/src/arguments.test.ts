import { describe, expect, test } from "vitest";
import { everyOperator, tinyNetwork } from "../test/networks.js";
import { program, Random, tensor } from "../test/programs.js";
import { InputError } from "./errors.js";
import { readSbq } from "./format/reader.js";
import { writeSbq } from "./format/writer.js";
import { compile } from "./kernels/executable.js";
import { inspect, load } from "./load.js";
import { checkProgram } from "./program/check.js";
import { createReference } from "./reference/reference.js";

const network = everyOperator(new Random(5), { bits: 4 });
const file = writeSbq(network);
const model = await load(file);
const pixels = new Random(6).bytes(192);
const image = { data: pixels, width: 8, height: 8, channels: 3 };

/** Calls in plain JavaScript, each with the part of the message that names the argument. */
const wrong: readonly [string, string, () => unknown][] = [
  ["real values as float64", "input of run", () => model.run(new Float64Array(192) as never)],
  ["16-bit pixels", "input of run", () => model.run(new Uint16Array(192) as never)],
  ["signed bytes", "input of run", () => model.run(new Int8Array(192) as never)],
  ["a list of numbers", "input of run", () => model.run(Array(192).fill(7) as never)],
  ["nothing", "input of run", () => model.run(undefined as never)],
  ["a misspelt option of run", "sgnal", () => model.run(pixels, { sgnal: 1 } as never)],
  ["no image", "an image", () => model.classify(null as never)],
  ["a number as image", "an image", () => model.classify(5 as never)],
  [
    "real values as pixels",
    "data of an image",
    () => model.classify({ ...image, data: new Float32Array(192) } as never),
  ],
  [
    "16-bit pixels of an image",
    "data of an image",
    () => model.classify({ ...image, data: new Uint16Array(192) } as never),
  ],
  ["a list as pixels", "data of an image", () => model.classify({ ...image, data: [...pixels] } as never)],
  ["a width that is no number", "height, a width", () => model.classify({ ...image, width: Number.NaN })],
  ["topK 0", "topK", () => model.classify(image, { topK: 0 })],
  ["a misspelt option of classify", "topk", () => model.classify(image, { topk: 1 } as never)],
  ["a way to fit that nobody knows", "fit", () => model.classify(image, { fit: "stretch" } as never)],
  ["runs of a profile", "runs", () => model.profile(0)],
  ["an unknown tier", "tier", () => load(file, { tier: "gpu" } as never)],
  ["maxBytes NaN", "maxBytes", () => load(file, { maxBytes: Number.NaN })],
  ["maxBytes −1", "maxBytes", () => load(file, { maxBytes: -1 })],
  ["threads NaN", "threads", () => load(file, { threads: Number.NaN })],
  ["a million threads", "threads", () => load(file, { threads: 1e6 })],
  ["a misspelt option of load", "thread", () => load(file, { thread: 2 } as never)],
  ["a worker of another type", "worker", () => load(file, { worker: "yes" } as never)],
  ["no model", "the model", () => load(undefined as never)],
  ["a number as model", "the model", () => load(5 as never)],
  ["options that are a number", "options", () => load(file, 5 as never)],
  ["an option of load in inspect", "worker", () => inspect(file, { worker: true } as never)],
  ["a text as file", "the file", () => readSbq("model.sbq" as never)],
  ["a misspelt option of readSbq", "maxbytes", () => readSbq(file, { maxbytes: 1 } as never)],
  ["no program", "the program", () => checkProgram(undefined as never)],
  ["options of checkProgram that are null", "options", () => checkProgram(network, null as never)],
  [
    "a limit of checkProgram that is a symbol",
    "maxBytes",
    () => checkProgram(network, { maxBytes: Symbol() } as never),
  ],
  ["a limit of checkProgram that is a text", "maxBytes", () => checkProgram(network, { maxBytes: "x" } as never)],
  ["what only the reader knows", "codesFit", () => checkProgram(network, { codesFit: true } as never)],
  ["an unknown tier of compile", "tier", () => compile(network, { tier: "scalar" } as never)],
  ["a trace that is no function", "trace", () => createReference(network, { trace: 1 } as never)],
];

test.each(wrong)("%s: refused, by name", async (_, name, call) => {
  const error: unknown = await Promise.resolve()
    .then(call)
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InputError);
  expect((error as InputError).message).toContain(name);
});

test("an unknown option is named, with those that exist", async () => {
  await expect(load(file, { thread: 2 } as never)).rejects.toThrow('no option "thread"; the options are tier, threads');
});

describe("a signal", () => {
  const stopped = AbortSignal.abort(new Error("enough"));
  test.each([false, true])("that has fired ends calls, in a worker: %s", async (worker) => {
    const other = await load(file, { worker });
    await expect(other.run(pixels, { signal: stopped })).rejects.toThrow("enough");
    await expect(other.classify(image, { signal: stopped })).rejects.toThrow("enough");
    other.dispose();
  });

  test.each([false, true])("ends a batch in its middle, in a worker: %s", async (worker) => {
    const other = await load(file, { worker });
    const controller = new AbortController();
    const images = new Uint8Array(192 * 20_000);
    const call = other.run(images, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 20);
    await expect(call).rejects.toThrow("enough");
    expect(await other.run(pixels)).toEqual(await model.run(pixels));
    other.dispose();
  });

  test("that does not fire changes nothing", async () => {
    const { signal } = new AbortController();
    const images = new Random(9).bytes(192 * 7);
    expect(await model.run(images, { signal })).toEqual(await model.run(images));
  });
});

test("images of any size are taken; a model of one size refuses others only where the caller asks", async () => {
  const large = { data: new Random(3).bytes(3 * 40 * 30), width: 40, height: 30, channels: 3 };
  expect(await model.classify(large)).toHaveLength(5);
  const narrow = { data: new Random(3).bytes(3 * 500), width: 1, height: 500, channels: 3 };
  expect(await model.classify(narrow)).toHaveLength(5);
  await expect(model.classify(large, { fit: "exact" })).rejects.toMatchObject({ code: "image-size" });
  expect(await model.classify(image, { fit: "exact" })).toEqual(await model.classify(image));
});

test("a Blob, a File and a URL are models too", async () => {
  const part = new Uint8Array(file);
  const named = new File([part], "model.sbq");
  for (const source of [new Blob([part]), named]) {
    const other = await load(source);
    expect(await other.run(pixels)).toEqual(await model.run(pixels));
    other.dispose();
  }
  await expect(load(named, { maxBytes: 100 })).rejects.toMatchObject({ code: "download-too-large" });
});

test("no accepted program gives infinite logits", () => {
  const largest = Math.fround(2 ** 127 * 1.5);
  const x = tensor("x", [1, 1, 2], { scale: largest });
  const dequantized = (scale: number, zeroPoint = 0) =>
    program(
      [
        { ...x, scale, zeroPoint },
        { ...x, scale, zeroPoint, name: "flat", shape: [2] },
      ],
      [
        { op: "reshape", name: "f", input: 0, output: 1 },
        { op: "dequantize", name: "d", input: 1 },
      ],
    );
  expect(() => checkProgram(dequantized(largest))).toThrow("beyond float32");
  const fits = dequantized(2 ** 119, 0);
  checkProgram(fits);
  for (const logit of createReference(fits).runCodes(Uint8Array.of(255, 0))) expect(Number.isFinite(logit)).toBe(true);
  expect(() => checkProgram(tinyNetwork())).not.toThrow();
});
