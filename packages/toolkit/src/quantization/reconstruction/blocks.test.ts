import { GraphBuilder, simplifyForImport } from "@subbyte/graph";
import { describe, expect, test } from "vitest";
import { buildModel } from "../../models/index.js";
import { Random } from "../../random.js";
import { kitchenSink, randomTensor } from "../../testing/networks.js";
import { insertFakeQuant } from "../insert.js";
import { type Block, findBlocks } from "./blocks.js";

const quantized = (model: Parameters<typeof insertFakeQuant>[0]) =>
  insertFakeQuant(simplifyForImport(model), { weights: 4, activations: 4 });

const layers = (blocks: readonly Block[]) => blocks.map((block) => block.layers.map(({ name }) => name).join(" "));

describe("blocks", () => {
  test("of a residual network: stem, each residual block, head with its pool", () => {
    const graph = quantized(buildModel("resnet8", { classes: 10, channels: 3, size: 32, seed: 0 }));
    const blocks = findBlocks(graph);
    expect(blocks.map(({ name }) => name)).toEqual(["conv1", "layer1.0", "layer2.0", "layer3.0", "fc"]);
    expect(blocks.flatMap(({ nodes }) => nodes)).toEqual(graph.nodes);
    for (const [i, block] of blocks.entries()) expect(block.input).toBe(i === 0 ? "input" : blocks[i - 1]!.output);
    expect(blocks.at(-1)!.nodes.some(({ op }) => op === "GlobalAveragePool")).toBe(true);
  });

  test("of a network with every kind of branch", () => {
    expect(layers(findBlocks(quantized(kitchenSink(0))))).toEqual([
      "stem",
      "block1.conv1 block1.conv2 block1.shortcut",
      "block2.conv1 block2.conv2",
      "depthwise dilated",
      "mix mix2",
      "fc",
    ]);
  });

  test.each(["Relu", "Sigmoid"])(
    "a %s after the last layer belongs to its block, which ends before its storage",
    (op) => {
      const network = kitchenSink(0);
      const b = new GraphBuilder(network.name, network);
      b.setOutputs([b.op(op, [network.outputs[0]!], {}, { name: "end" })]);
      const graph = quantized(b.build());
      const last = findBlocks(graph).at(-1)!;
      expect(last.layers.map(({ name }) => name)).toEqual(["fc"]);
      expect(last.output).toBe("end");
      expect(last.nodes).toContain(graph.nodes.find(({ outputs }) => outputs[0] === graph.outputs[0]));
    },
  );

  test("inverted bottlenecks, with shortcut or without, are one block each", () => {
    const graph = quantized(buildModel("mobilenet_v2", { classes: 10, channels: 3, size: 32, seed: 0 }));
    const names = findBlocks(graph).map(({ name }) => name);
    for (let i = 1; i <= 16; i++) expect(names).toContain(`features.${i}.conv`);
  });

  test("a plain chain falls into parts of at most three layers, its ends apart", () => {
    const random = new Random(0);
    const g = new GraphBuilder("chain");
    let x = g.input("input", "float32", ["N", 3, 8, 8]);
    for (let i = 0; i < 9; i++) {
      const weight = g.constant(randomTensor(random, [3, 3, 1, 1], 1), `w${i}`);
      x = g.op("Relu", [g.op("Conv", [x, weight], {}, { name: `conv${i}` })]);
    }
    const pooled = g.op("Flatten", [g.op("GlobalAveragePool", [x])]);
    g.output(g.op("Gemm", [pooled, g.constant(randomTensor(random, [2, 3], 1), "w")], { transB: 1 }, { name: "fc" }));
    expect(layers(findBlocks(quantized(g.build())))).toEqual([
      "conv0",
      "conv1 conv2",
      "conv3 conv4 conv5",
      "conv6 conv7 conv8",
      "fc",
    ]);
  });
});
