import { expect, test } from "vitest";
import { readIndex } from "./index-file.js";

const model = { file: "net-w4a4.sbq", bits: 4, bytes: 10, sha256: "ab", accuracy: 0.9 };
const family = {
  id: "net",
  title: "Net",
  classes: "Ten",
  kind: "photos",
  models: [model, { ...model, file: "net.onnx", bits: 32 }],
};

test("files are named from the list, most bits first", () => {
  const [found] = readIndex({ families: [family] }, "http://host/site/models/index.json");
  expect(found!.models.map(({ id, format, url, familyId }) => [id, format, url, familyId])).toEqual([
    ["net", "onnx", "http://host/site/models/net.onnx", "net"],
    ["net-w4a4", "sbq", "http://host/site/models/net-w4a4.sbq", "net"],
  ]);
  expect(found!.samples).toEqual([]);
});

test("files for other runtimes stand apart", () => {
  const models = [model, { ...model, file: "net-w4a4.tflite" }];
  const [found] = readIndex({ families: [{ ...family, models }] }, "http://host/");
  expect(found!.models.map(({ id }) => id)).toEqual(["net-w4a4"]);
  expect(found!.peers!.map(({ id, format }) => [id, format])).toEqual([["net-w4a4.tflite", "tflite"]]);
});

test("anything else is refused by name", () => {
  for (const wrong of [null, [], {}, { families: 3 }, "text"])
    expect(() => readIndex(wrong, "models/index.json")).toThrow("models/index.json is no list of models");
});
