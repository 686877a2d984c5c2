import { createReference } from "@subbyte/engine";
import { type Graph, GraphBuilder } from "@subbyte/graph";
import { describe, expect, test } from "vitest";
import { lower } from "../../lowering/lower.js";
import { Random } from "../../random.js";
import { codesClassifier } from "../../simulation/classifier.js";
import { kitchenSink, preprocessing, randomTensor } from "../../testing/networks.js";
import { insertFakeQuant } from "../insert.js";
import { type CalibrationInput, setRanges } from "../ranges.js";
import { adaroundDefaults, reconstructionDefaults } from "./options.js";
import { reconstruct } from "./reconstruct.js";

const calibration: CalibrationInput = {
  async *batches() {
    yield randomTensor(new Random(1), [16, 3, 16, 16], 1);
  },
};

const network = kitchenSink(5);

function ending(end: (b: GraphBuilder, logits: string) => string): Graph {
  const b = new GraphBuilder(network.name, network);
  b.setOutputs([end(b, network.outputs[0]!)]);
  return b.build();
}

/** The network's own last layer beside another on the same features, added. */
function twoHeads(b: GraphBuilder, logits: string): string {
  const fc = network.nodes.find(({ outputs }) => outputs[0] === logits)!;
  const [features, weight] = [fc.inputs[0]!, network.tensors.get(fc.inputs[1]!)!];
  const second = b.constant(randomTensor(new Random(2), weight.shape as number[], 0.3));
  return b.op("Add", [logits, b.op("Gemm", [features, second], { transB: 1 }, { name: "fc2" })], {}, { name: "end" });
}

const networks: readonly (readonly [string, Graph])[] = [
  ["Relu", ending((b, logits) => b.op("Relu", [logits], {}, { name: "end" }))],
  ["Sigmoid", ending((b, logits) => b.op("Sigmoid", [logits], {}, { name: "end" }))],
  ["the sum of two heads", ending(twoHeads)],
];

describe.each(networks)("a network that ends in %s", (_, graph) => {
  test.each([
    ["reconstruct", { ...reconstructionDefaults, endToEnd: 2 }],
    ["adaround", adaroundDefaults],
  ])("is learned by %s, and the engine equals the simulation on codes", async (_, defaults) => {
    const ranged = await setRanges(insertFakeQuant(graph, { weights: 4, activations: 4 }), calibration, {
      method: "mse",
      threads: 1,
    });
    const options = { ...defaults, iterations: 4, batchSize: 4, mirror: false };
    const learned = await reconstruct(ranged, calibration, { options, seed: 3, threads: 1 });
    const program = lower(learned, { preprocessing });
    const images = Uint8Array.from({ length: 2 * 768 }, (_, i) => (i * 37) % 256);
    const simulation = await codesClassifier(program, { threads: 1 });
    const logits = await simulation.classify({ images, labels: new Int32Array(2), count: 2 });
    await simulation.close();
    expect(createReference(program).run(images, 2)).toEqual(logits);
  });
});
