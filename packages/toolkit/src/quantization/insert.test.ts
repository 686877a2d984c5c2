import { type Graph, GraphBuilder, simplifyForImport } from "@subbyte/graph";
import { describe, expect, test } from "vitest";
import { UsageError } from "../errors.js";
import { buildModel } from "../models/index.js";
import { kitchenSink, preActivation } from "../testing/networks.js";
import { fakeQuants, withoutFakeQuant } from "./fake-quant.js";
import { insertFakeQuant } from "./insert.js";
import { type BitPolicy, keptDepthwise } from "./policy.js";
import { innerLayers } from "./sensitivity/index.js";
import { isLayer } from "./topology.js";

/** `[weight bits, input bits]` by layer name. */
function widths(graph: Graph): Record<string, [number, number]> {
  const bits = new Map(fakeQuants(graph).map((fq) => [fq.output, fq.bits]));
  const producer = new Map(graph.nodes.map((node) => [node.outputs[0]!, node]));
  const inputBits = (value: string): number => bits.get(value) ?? inputBits(producer.get(value)!.inputs[0]!);
  return Object.fromEntries(
    graph.nodes.filter(isLayer).map((node) => [node.name, [bits.get(node.inputs[1]!)!, inputBits(node.inputs[0]!)]]),
  );
}

const resnet18 = simplifyForImport(buildModel("resnet18", { classes: 10, size: 32, stem: "cifar", initialize: false }));

describe("the bit policy on ResNet-18", () => {
  const quantized = insertFakeQuant(resnet18, { weights: 4, activations: 3 });

  test("first convolution and last linear layer have 8 bits, all others what was asked for", () => {
    const { conv1, fc, ...others } = widths(quantized);
    expect(conv1).toEqual([8, 8]);
    expect(fc).toEqual([8, 8]);
    expect(Object.keys(others)).toHaveLength(19);
    for (const [name, pair] of Object.entries(others)) expect(pair, name).toEqual([4, 3]);
  });

  test("the residual stream is stored at 8 bits and read through a narrower FakeQuant", () => {
    const activations = fakeQuants(quantized).filter((fq) => !fq.ofWeights);
    const chained = activations.filter((fq) => activations.some((other) => other.output === fq.input));
    // The 5 blocks with an identity shortcut narrow their input once. The input of the 3 others feeds convolutions only.
    expect(chained.map((fq) => fq.bits)).toEqual([3, 3, 3, 3, 3]);
  });

  test("the convolution that an addition fuses into is not stored", () => {
    const stored = new Set(fakeQuants(quantized).map((fq) => fq.input));
    const producer = new Map(quantized.nodes.map((node) => [node.outputs[0]!, node]));
    for (const add of quantized.nodes.filter((node) => node.op === "Add")) {
      const bare = add.inputs.filter((value) => producer.get(value)?.op === "Conv");
      expect(bare, add.name).toHaveLength(1);
      expect(stored.has(bare[0]!)).toBe(false);
    }
  });

  test("taking the FakeQuant nodes out gives the float network back", () => {
    const restored = withoutFakeQuant(quantized);
    expect(restored.nodes).toEqual(resnet18.nodes);
    expect([...restored.tensors.keys()].sort()).toEqual([...resnet18.tensors.keys()].sort());
  });
});

describe("depthwise convolutions", () => {
  const mobileNet = simplifyForImport(buildModel("mobilenet_v2", { classes: 10, size: 64, initialize: false }));
  const isDepthwise = (name: string) =>
    mobileNet.nodes.some(
      (node) => node.name === name && node.attributes.group !== 1 && node.attributes.group !== undefined,
    );
  const found = (policy: BitPolicy) => Object.entries(widths(insertFakeQuant(mobileNet, policy)));
  const inner = (entries: [string, [number, number]][]) => entries.slice(1, -1);

  test("keep 8 bits where other layers have fewer, unless asked for fewer", () => {
    for (const [name, pair] of inner(found({ weights: 4, activations: 3 })))
      expect(pair, name).toEqual(isDepthwise(name) ? [8, 8] : [4, 3]);
    for (const [name, pair] of inner(found({ weights: 4, activations: 3, depthwiseBits: 4 })))
      expect(pair, name).toEqual(isDepthwise(name) ? [4, 4] : [4, 3]);
  });

  test("are counted where they keep more bits", () => {
    expect(keptDepthwise(mobileNet, { weights: 4, activations: 4 })).toEqual({ layers: 17, bits: 8 });
    expect(keptDepthwise(mobileNet, { weights: 8, activations: 8 })).toBeUndefined();
    expect(keptDepthwise(mobileNet, { weights: 4, activations: 4, depthwiseBits: 4 })).toBeUndefined();
    expect(keptDepthwise(resnet18, { weights: 4, activations: 4 })).toBeUndefined();
  });
});

test("what is left of batch normalization counts with the residual stream, and the convolution behind it can be the first layer", () => {
  const quantized = insertFakeQuant(simplifyForImport(preActivation(1)), { weights: 4, activations: 3 });
  const { norm0, norm1, norm2, norm3, norm4, stem, fc, ...inner } = widths(quantized);
  for (const pair of [norm0, norm1, norm2, norm3, norm4, stem, fc]) expect(pair).toEqual([8, 8]);
  expect(inner).toEqual({ residual: [4, 3], dense: [4, 3], last: [4, 3] });
  expect(innerLayers(quantized).map(({ node }) => node.name)).toEqual(Object.keys(inner));
});

test("narrow weights from 4 bits up, unless switched off", () => {
  const narrow = (policy: BitPolicy) =>
    fakeQuants(insertFakeQuant(kitchenSink(1), policy))
      .filter((fq) => fq.ofWeights && fq.bits === policy.weights)
      .every((fq) => fq.narrow);
  expect(narrow({ weights: 4, activations: 4 })).toBe(true);
  expect(narrow({ weights: 3, activations: 4 })).toBe(false);
  expect(narrow({ weights: 4, activations: 4, narrowWeights: false })).toBe(false);
});

test("overrides by name pattern win, later over earlier; reduceRange caps weights at 7 bits", () => {
  const layers = [
    { pattern: "block*", weights: 6 },
    { pattern: "block1.conv?", weights: 5 },
    { pattern: "block1.conv*", weights: 3, activations: 5 },
  ];
  expect(() => insertFakeQuant(kitchenSink(1), { weights: 4, activations: 4, layers: layers.slice(0, 2) })).toThrow(
    /pattern "block1.conv\?" matches no layer/,
  );
  const policy = { weights: 4, activations: 4, layers: [layers[0]!, layers[2]!], reduceRange: true };
  const found = widths(insertFakeQuant(kitchenSink(1), policy));
  expect(found["block1.conv1"]).toEqual([3, 5]);
  expect(found["block2.conv1"]).toEqual([6, 4]);
  expect(found.stem).toEqual([7, 8]);
});

test.each([
  [{ weights: 9, activations: 4 }, "`weights`"],
  [{ weights: 1, activations: 4 }, "`weights`"],
  [{ weights: 4, activations: 2.5 }, "`activations`"],
  [{ weights: 4, activations: 4, firstLastBits: 0 }, "`firstLastBits`"],
  [{ weights: 4, activations: 4, residualBits: 16 }, "`residualBits`"],
])("a width that does not exist is refused: %o", (policy, option) => {
  expect(() => insertFakeQuant(kitchenSink(1), policy)).toThrow(UsageError);
  expect(() => insertFakeQuant(kitchenSink(1), policy)).toThrow(option);
});

test("operators without an integer form are listed together, with node names", () => {
  const b = new GraphBuilder("odd");
  const x = b.input("input", "float32", ["N", 3, 4, 4]);
  const y = b.op("Softmax", [x], { axis: 1 }, { name: "layer.softmax" });
  b.output(b.op("ReduceMean", [y, b.ints([1])], {}, { name: "layer.mean" }));
  expect(() => insertFakeQuant(b.build(), { weights: 8, activations: 8 })).toThrow(
    /Softmax \("layer.softmax"\); ReduceMean \("layer.mean"\)/,
  );
});
