import { describe, expect, test } from "vitest";
import { readInferRequest } from "./infer-request.js";

const input = { name: "x", shape: [1], datatype: "FP32", data: [1] };

describe("a malformed request is refused in plain words", () => {
  test.each([
    [{}, "The field inputs is missing."],
    [{ inputs: "x" }, "The field inputs must be an array."],
    [{ inputs: [] }, "The field inputs must have at least 1 element."],
    [{ inputs: [{ name: "x", datatype: "FP32" }] }, "The field inputs[0].shape is missing."],
    [{ inputs: [{ ...input, shape: [1, -3] }] }, "The field inputs[0].shape[1] must be at least 0."],
    [{ inputs: [{ ...input, shape: [2 ** 31] }] }, "The field inputs[0].shape[0] must be at most 2147483647."],
    [
      { inputs: [{ ...input, shape: new Array(17).fill(1) }] },
      "The field inputs[0].shape must have at most 16 elements.",
    ],
    [{ inputs: [{ ...input, name: "x".repeat(1025) }] }, "The field inputs[0].name must have at most 1024 characters."],
    [{ inputs: [input], id: 3 }, "The field id must be a text."],
    [
      { inputs: [input], parameters: { binary_data_output: 1 } },
      "The field parameters.binary_data_output must be true or false.",
    ],
    [{ inputs: [input], outputs: [3] }, "The field outputs[0] must be an object."],
  ])("%j", (body, sentence) => {
    expect(() => readInferRequest(new TextEncoder().encode(JSON.stringify(body)), undefined)).toThrow(sentence);
  });
});
