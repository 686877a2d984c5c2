import { type Graph, simplifyForImport } from "@subbyte/graph";
import { describe, expect, test } from "vitest";
import { kitchenSink, preActivation } from "../testing/networks.js";
import { insertFakeQuant } from "./insert.js";
import { stepsFor } from "./methods.js";

const stepsOf = (graph: Graph, weights: number, activations: number) =>
  stepsFor(insertFakeQuant(graph, { weights, activations }));

describe("steps on the whole network", () => {
  const plain = simplifyForImport(preActivation(1));
  const withDepthwise = kitchenSink(1);

  test("follow below 4 bits, on variations unless nearly all is at 2", () => {
    for (const graph of [plain, withDepthwise]) {
      expect(stepsOf(graph, 3, 8)).toMatchObject({ iterations: 3000, endToEnd: 1000, vary: true });
      expect(stepsOf(graph, 3, 3)).toMatchObject({ endToEnd: 1000, vary: true });
      expect(stepsOf(graph, 2, 2)).toMatchObject({ endToEnd: 600, vary: false });
    }
  });

  test("follow at 4 bits where there are depthwise convolutions", () => {
    expect(stepsOf(plain, 4, 4)).toMatchObject({ iterations: 3000, endToEnd: 0 });
    expect(stepsOf(withDepthwise, 4, 4)).toMatchObject({ iterations: 1000, endToEnd: 1000, vary: true });
    for (const bits of [5, 8])
      expect(stepsOf(withDepthwise, bits, bits)).toMatchObject({ iterations: 3000, endToEnd: 0 });
  });
});
