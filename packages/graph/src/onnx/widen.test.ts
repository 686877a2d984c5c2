/** Networks of half and double precision, read as float32. */

import { describe, expect, test } from "vitest";
import { altered, classifier } from "../../test/onnx-files.js";
import { toFloat16Bits } from "../ir/float16.js";
import { readOnnx } from "./reader.js";

const values = [0.5, -1.25, 3];

/** The classifier with its input, and a constant of three values, of another float type. */
const ofType = (code: number, raw: ArrayBuffer) =>
  altered(({ graph }) => {
    graph.input[0]!.type!.tensor_type!.elem_type = code;
    const six = graph.initializer.find(({ name }) => name === "six")!;
    const dims = graph.initializer.find(({ name }) => name === "bn.bias")!.dims;
    graph.initializer.push({
      ...six,
      name: "extra",
      data_type: code,
      dims: [{ ...dims[0]!, low: 3 }],
      raw_data: new Uint8Array(raw),
    });
  });

const float16 = ofType(10, Uint16Array.from(values, toFloat16Bits).buffer);
const float64 = ofType(11, Float64Array.from(values).buffer);
const bfloat16 = ofType(
  16,
  Uint16Array.from(new Uint32Array(Float32Array.from(values).buffer), (bits) => bits >>> 16).buffer,
);

describe.each([
  ["float16", float16],
  ["float64", float64],
  ["bfloat16", bfloat16],
])("%s", (_, bytes) => {
  test("constants and inputs become float32, and the caller hears of it", () => {
    let widened = 0;
    const { inputs, tensors } = readOnnx(bytes, { floats: "float32", onWidened: () => widened++ });
    expect(inputs[0]!.dtype).toBe("float32");
    expect(tensors.get("extra")).toEqual({ dtype: "float32", shape: [3], data: Float32Array.from(values) });
    expect(widened).toBeGreaterThan(0);
  });
});

test("without being asked for, types stay, and bfloat16 is refused", () => {
  expect(readOnnx(float16).inputs[0]!.dtype).toBe("float16");
  expect(readOnnx(float64).tensors.get("extra")!.dtype).toBe("float64");
  expect(() => readOnnx(bfloat16)).toThrow(/has element type bfloat16/);
});

test("a network of float32 is not widened", () => {
  readOnnx(
    altered(() => {}),
    { floats: "float32", onWidened: () => expect.fail("nothing to widen") },
  );
  expect(classifier().inputs[0]!.dtype).toBe("float32");
});
