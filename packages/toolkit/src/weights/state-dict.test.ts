import { describe, expect, test } from "vitest";
import { DataError } from "../errors.js";
import { findStateDict } from "./state-dict.js";
import { Storage, TensorView } from "./torch-pickle.js";

const storage = new Storage("0", "float32", 64);
const tensor = (...shape: number[]) =>
  new TensorView(
    storage,
    0,
    shape,
    shape.map(() => 1),
  );
const dict = (entries: Readonly<Record<string, unknown>>) => new Map<unknown, unknown>(Object.entries(entries));

const weights = dict({ "conv1.weight": tensor(2, 1, 3, 3), "conv1.bias": tensor(2) });
const average = dict({ "conv1.weight": tensor(2, 1, 3, 3), "conv1.bias": tensor(2), n_averaged: tensor() });
const states = new Map<unknown, unknown>([[0, dict({ exp_avg: tensor(2, 1, 3, 3), step: tensor() })]]);
const optimizer = dict({ state: states, param_groups: [] });

describe("weights are found", () => {
  test.each([
    ["alone", weights, []],
    [
      "below state_dict, with a tensor of one number beside it",
      dict({ best_acc1: tensor(), state_dict: weights }),
      ["state_dict"],
    ],
    ["with a vector beside them", dict({ losses: tensor(5), model: weights }), ["model"]],
    ["two levels down", dict({ checkpoint: dict({ state_dict: weights, epoch: 3 }) }), ["checkpoint", "state_dict"]],
    ["beside an optimizer", dict({ optimizer, net: weights }), ["net"]],
    ["and not their average", dict({ model_ema: average, model: weights }), ["model"]],
    ["as an average, where there is nothing else", dict({ epoch: 3, ema: average }), ["ema"]],
    ["below a key of no list", dict({ optimizer, classifier_v2: weights }), ["classifier_v2"]],
  ])("%s", (_, root, path) => {
    const found = findStateDict(root, "x.pt");
    expect(found.path).toEqual(path);
    expect(found.views.has("conv1.weight")).toBe(true);
  });
});

test("several sets below keys that tell nothing are refused by their keys", () => {
  const root = dict({ generator: weights, discriminator: weights });
  expect(() => findStateDict(root, "x.pt")).toThrow(DataError);
  expect(() => findStateDict(root, "x.pt")).toThrow(/several sets of weights \(generator, discriminator\)/);
});

test("the states of an optimizer are no weights", () => {
  expect(() => findStateDict(dict({ optimizer }), "x.pt")).toThrow(
    /no tensors where weights are expected \(keys: optimizer\)/,
  );
});
