import { expect, test } from "vitest";
import type { ServerModel } from "../runtime/server-api.js";
import { familiesOf } from "./server-list.js";

const digits: ServerModel = {
  name: "mnist-w4a4",
  kind: "sbq",
  bits: 4,
  bytes: 17448,
  sha256: "ab",
  url: "/models/mnist-w4a4.ab.sbq",
  classes: 10,
  labels: ["0", "1"],
  preprocessing: { channels: 1, height: 28, width: 28, resize: "exact", mean: [0], std: [1] },
  accuracy: { "MNIST test": 0.98 },
};

test("models of the same images and classes are a family, widest first", () => {
  const other: ServerModel = { ...digits, name: "photos", preprocessing: { ...digits.preprocessing!, channels: 3 } };
  const families = familiesOf([digits, { ...digits, name: "mnist-w8a8", bits: 8 }, other], "http://host/page/");
  expect(families.map(({ title, kind }) => [title, kind])).toEqual([
    ["mnist", "digits"],
    ["photos", "photos"],
  ]);
  expect(families[0]!.models.map(({ id, bits, accuracy }) => [id, bits, accuracy])).toEqual([
    ["mnist-w8a8", 8, 0.98],
    ["mnist-w4a4", 4, 0.98],
  ]);
  expect(families[0]!.models[1]!.url).toBe("http://host/page/models/mnist-w4a4.ab.sbq");
});

test("what takes tensors only cannot be shown pictures", () => {
  expect(familiesOf([{ ...digits, preprocessing: null }], "http://host/")).toEqual([]);
});
