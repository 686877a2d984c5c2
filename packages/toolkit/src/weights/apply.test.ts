import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { float32, int64, type Tensor } from "@subbyte/graph";
import { describe, expect, test } from "vitest";
import { DataError } from "../errors.js";
import { buildModel } from "../models/registry.js";
import { Random } from "../random.js";
import { createSession } from "../runtime/session.js";
import { applyWeights } from "./apply.js";
import { loadWeights } from "./load.js";

const model = buildModel("resnet8", { classes: 10, seed: 1 });

/** The floating-point state of a network with other values, under names that `rename` makes of its own. */
function stateOf(graph = buildModel("resnet8", { classes: 10, seed: 2 }), rename = (name: string) => name) {
  // Bounds of activations are scalars.
  const floats = [...graph.tensors].filter(([, { dtype, shape }]) => dtype === "float32" && shape.length > 0);
  return new Map<string, Tensor>(floats.map(([name, tensor]) => [rename(name), tensor]));
}

const original = stateOf();

describe("names", () => {
  test.each([
    ["as they are", (name: string) => name],
    ["module.", (name: string) => `module.${name}`],
    ["_orig_mod.", (name: string) => `_orig_mod.${name}`],
    ["module._orig_mod.model.", (name: string) => `module._orig_mod.model.${name}`],
    ["linear for fc", (name: string) => name.replace(/^fc\./, "linear.")],
    ["head.fc behind net.", (name: string) => `net.${name.replace(/^fc\./, "head.fc.")}`],
    ["backbone.", (name: string) => `backbone.${name}`],
    [
      "a part with its head beside it",
      (name: string) => (name.startsWith("fc.") ? name.replace("fc.", "head.") : `encoder.net.${name}`),
    ],
    ["shortcut for downsample", (name: string) => name.replace(".downsample.", ".shortcut.")],
  ])("%s: every parameter and statistic is set", (_, rename) => {
    const { graph, report } = applyWeights(model, stateOf(undefined, rename));
    expect(stateOf(graph)).toEqual(original);
    expect([...report.loaded].sort()).toEqual([...original.keys()].sort());
    expect(report.reinitialized).toEqual([]);
  });

  test("batch counters are ignored, the graph given stays as it was", () => {
    const counted = new Map(original).set("bn1.num_batches_tracked", int64([5], []));
    const before = new Map(model.tensors);
    expect(applyWeights(model, counted).report.ignored).toEqual(["bn1.num_batches_tracked"]);
    expect(model.tensors).toEqual(before);
  });
});

test("timm's names of MobileNet-v2", () => {
  const options = { classes: 10, size: 32, seed: 3 };
  const network = buildModel("mobilenet_v2", options);
  const state = stateOf(buildModel("mobilenet_v2", { ...options, seed: 4 }));
  const { graph } = applyWeights(network, new Map([...state].map(([name, tensor]) => [timmNameOf(name), tensor])));
  expect(stateOf(graph)).toEqual(state);
});

/** As timm's `mobilenetv2_100` calls it: written down by its structure, apart from the table that is tested. */
function timmNameOf(name: string): string {
  const parameter = name.split(".").at(-1);
  const [, index = "", rest = ""] = /^features\.(\d+)\.(.+)\.\w+$/.exec(name) ?? [];
  if (name.startsWith("classifier")) return `classifier.${parameter}`;
  if (index === "0") return `${rest === "0" ? "conv_stem" : "bn1"}.${parameter}`;
  if (index === "18") return `${rest === "0" ? "conv_head" : "bn2"}.${parameter}`;
  const blocks = [
    "0.0",
    "1.0",
    "1.1",
    "2.0",
    "2.1",
    "2.2",
    "3.0",
    "3.1",
    "3.2",
    "3.3",
    "4.0",
    "4.1",
    "4.2",
    "5.0",
    "5.1",
    "5.2",
    "6.0",
  ];
  const first = { "conv.0.0": "conv_dw", "conv.0.1": "bn1", "conv.1": "conv_pw", "conv.2": "bn2" };
  const others = {
    ...{ "conv.0.0": "conv_pw", "conv.0.1": "bn1", "conv.1.0": "conv_dw", "conv.1.1": "bn2" },
    ...{ "conv.2": "conv_pwl", "conv.3": "bn3" },
  };
  const layers: Readonly<Record<string, string>> = index === "1" ? first : others;
  return `blocks.${blocks[Number(index) - 1]}.${layers[rest]}.${parameter}`;
}

describe("what does not fit", () => {
  const without = (name: string) => new Map([...original].filter(([key]) => key !== name));

  test.each([
    ["a missing tensor", without("layer1.0.bn1.weight"), /missing layer1\.0\.bn1\.weight; choose/],
    ["a missing statistic", without("bn1.running_var"), /missing bn1\.running_var/],
    ["an unknown tensor", new Map(original).set("extra", float32([1])), /unexpected extra;/],
    ["the same tensor twice", new Map(original).set("module.fc.bias", float32([1])), /unexpected module\.fc\.bias/],
    [
      "another shape",
      new Map(original).set("conv1.weight", float32(new Float32Array(9 * 24), [8, 3, 3, 3])),
      /conv1\.weight: float32\[8,3,3,3\] where the model has float32\[8,1,3,3\]/,
    ],
    ["another type", new Map(original).set("fc.bias", int64(Array(10).fill(0))), /fc\.bias: int64\[10\] where/],
    [
      "nothing at all",
      new Map([["vit.block", float32([1])]]),
      /has no tensor of resnet8: its first names are vit\.block/,
    ],
  ])("%s is named", (_, weights, message) => {
    expect(() => applyWeights(model, weights, { source: "w.pt" })).toThrow(DataError);
    expect(() => applyWeights(model, weights, { source: "w.pt" })).toThrow(message);
  });

  test("everything stands in one error, long lists shortened", () => {
    const state = new Map([...original].filter(([name]) => !name.startsWith("layer1")));
    expect(() => applyWeights(model, state.set("a", float32([1])))).toThrow(
      /missing layer1\.0\.conv1\.weight, .* and 5 more; unexpected a/,
    );
  });
});

describe("a last layer of another size", () => {
  const other = stateOf(buildModel("resnet8", { classes: 4, seed: 2 }));

  test("is refused with both class counts", () => {
    expect(() => applyWeights(model, other)).toThrow(DataError);
    expect(() => applyWeights(model, other)).toThrow(/has 4 classes, but the model has 10/);
  });

  test("keeps the graph's initial values on request", () => {
    const { graph, report } = applyWeights(model, other, { head: "reinitialize" });
    expect(report.reinitialized).toEqual(["fc.weight", "fc.bias"]);
    expect(graph.tensors.get("fc.weight")).toBe(model.tensors.get("fc.weight"));
    expect(graph.tensors.get("conv1.weight")).toBe(other.get("conv1.weight"));
  });

  test("a missing one too; one that fits is loaded", () => {
    const headless = new Map([...original].filter(([name]) => !name.startsWith("fc.")));
    expect(() => applyWeights(model, headless)).toThrow(/missing fc\.weight, fc\.bias/);
    expect(applyWeights(model, headless, { head: "reinitialize" }).report.reinitialized).toHaveLength(2);
    expect(applyWeights(model, original, { head: "reinitialize" }).report.reinitialized).toEqual([]);
  });
});

describe("a published checkpoint", () => {
  const shared = process.env.SUBBYTE_SHARED ?? fileURLToPath(new URL("../../../../../shared", import.meta.url));
  const checkpoint = `${shared}/models/resnet20-cifar10.th`;
  const exported = `${shared}/models/resnet20-cifar10.onnx`;

  test("ResNet-20 loads whole and gives the logits of PyTorch's ONNX export", async (context) => {
    if (!existsSync(checkpoint)) return context.skip(`${checkpoint} is absent`);
    const { tensors, path, format } = await loadWeights(readFileSync(checkpoint));
    expect({ path, format }).toEqual({ path: ["state_dict"], format: "pytorch-legacy" });
    const { graph, report } = applyWeights(buildModel("resnet20", { classes: 10 }), tensors);
    expect(report.loaded).toHaveLength(tensors.size);
    expect(report.ignored).toEqual([]);

    const random = new Random(5);
    const images = float32(
      Float32Array.from({ length: 8 * 3 * 32 * 32 }, () => random.normal()),
      [8, 3, 32, 32],
    );
    const run = async (source: Parameters<typeof createSession>[0]) => {
      const session = await createSession(source);
      const results = await session.run({ [session.inputs[0]!]: images });
      await session.release();
      return results[session.outputs[0]!]!.data as Float32Array;
    };
    const [ours, theirs] = [await run(graph), await run(readFileSync(exported))];
    expect(ours).toHaveLength(80);
    for (const [i, logit] of theirs.entries()) expect(Math.abs(ours[i]! - logit)).toBeLessThan(1e-4);
  });
});
