import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelError } from "@subbyte/graph";
import { afterAll, describe, expect, test } from "vitest";
import { externalDataBeside } from "./external-data.js";
import { type FloatModel, openModel } from "./open-model.js";

const outside = mkdtempSync(join(tmpdir(), "subbyte-external-"));
const folder = join(outside, "model");
mkdirSync(join(folder, "parts"), { recursive: true });
afterAll(() => rmSync(outside, { recursive: true }));
writeFileSync(join(folder, "w.bin"), Uint8Array.of(1, 2, 3, 4, 5));
writeFileSync(join(folder, "parts", "v.bin"), Uint8Array.of(7, 8));
writeFileSync(join(outside, "secret"), "secret");
symlinkSync(join(outside, "secret"), join(folder, "link"));
const load = externalDataBeside(join(folder, "model.onnx"));

test("bytes beside the model and in folders below it are read", () => {
  expect(load("w.bin", 1, 3)).toEqual(Uint8Array.of(2, 3, 4));
  expect(load("w.bin", 3, undefined)).toEqual(Uint8Array.of(4, 5));
  expect(load("parts/v.bin", 0, 2)).toEqual(Uint8Array.of(7, 8));
});

describe("nothing else is", () => {
  test.each([
    ["../secret", /outside the folder/],
    [join(outside, "secret"), /outside the folder/],
    ["parts/../../secret", /outside the folder/],
    ["link", /a link to a place outside/],
    [".", /outside the folder/],
    ["gone.bin", /there is no such file; keep that file beside the model/],
  ])("%s", (location, message) => {
    expect(() => load(location, 0, undefined)).toThrow(ModelError);
    expect(() => load(location, 0, undefined)).toThrow(message);
  });

  test("bytes beyond the end", () => {
    expect(() => load("w.bin", 2, 4)).toThrow(/the model refers to bytes 2 to 6, but the file has 5/);
    expect(() => load("w.bin", 9, undefined)).toThrow(ModelError);
  });
});

/** A protobuf field: a number, or a text, bytes or message. */
function field(id: number, value: number | string | Uint8Array): Uint8Array {
  if (typeof value === "number") return Uint8Array.of(id << 3, value);
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
  return Uint8Array.of((id << 3) | 2, ...length, ...bytes);
}
const message = (...fields: Uint8Array[]): Uint8Array => Uint8Array.from(fields.flatMap((each) => [...each]));

test("a model whose weights are in a second file is opened, and run from both", async () => {
  const dims = (...sizes: number[]) => sizes.map((size) => field(1, field(1, size)));
  const tensorType = (...sizes: number[]) => field(1, message(field(1, 1), field(2, message(...dims(...sizes)))));
  const node = (op: string, inputs: string[], output: string) =>
    field(1, message(...inputs.map((name) => field(1, name)), field(2, output), field(4, op)));
  const location = field(13, message(field(1, "location"), field(2, "weights.data")));
  const weight = message(field(1, 4), field(1, 2), field(2, 1), field(8, "w"), location, field(14, 1));
  const graph = message(
    node("Flatten", ["x"], "flat"),
    node("MatMul", ["flat", "w"], "y"),
    field(2, "net"),
    field(5, weight),
    field(11, message(field(1, "x"), field(2, tensorType(1, 1, 2, 2)))),
    field(12, message(field(1, "y"), field(2, tensorType(1, 2)))),
  );
  const path = join(folder, "net.onnx");
  writeFileSync(path, message(field(1, 8), field(7, graph), field(8, field(2, 17))));
  writeFileSync(join(folder, "weights.data"), new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8).buffer));
  const model = (await openModel(path)) as FloatModel;
  expect(model).toMatchObject({ shape: [1, 2, 2], classes: 2 });
  expect(model.executable).toBe(model.graph);
  const weights = [...model.graph.tensors.values()].find(({ shape }) => shape.length === 2)!;
  expect(weights.data).toEqual(Float32Array.of(1, 3, 5, 7, 2, 4, 6, 8));
});
