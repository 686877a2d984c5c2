import { readFileSync } from "node:fs";
import { type Graph, inferTypes, verify } from "@subbyte/graph";
import { describe, expect, test } from "vitest";
import { UsageError } from "../errors.js";
import { countMultiplyAdds, countParameters } from "./count.js";
import { architectures, buildModel } from "./registry.js";

/** Made by the script beside it, with torchvision. */
const golden: {
  readonly models: Readonly<Record<string, { readonly parameters: number; readonly state?: string }>>;
} = JSON.parse(readFileSync(new URL("testdata/torchvision-parameters.json", import.meta.url), "utf8"));

const published = (name: string) => buildModel(name, { classes: 1000, initialize: false });

/** Names and shapes of the floating-point tensors with dimensions, as the golden file writes them. */
const stateOf = (graph: Graph) =>
  [...graph.tensors]
    .filter(([, { dtype, shape }]) => dtype === "float32" && shape.length > 0)
    .map(([name, { shape }]) => `${name}:${shape.join("x")}`);

describe("torchvision's models", () => {
  for (const name of ["resnet18", "resnet50", "mobilenet_v2"])
    test(`${name} has torchvision's parameters and statistics, in torchvision's order`, () => {
      const graph = published(name);
      expect(stateOf(graph)).toEqual(golden.models[name]!.state!.split(" "));
      expect(countParameters(graph)).toBe(golden.models[name]!.parameters);
    });

  test.each(["resnet34", "resnet101", "resnet152"])("%s has as many parameters as torchvision's", (name) => {
    expect(countParameters(published(name))).toBe(golden.models[name]!.parameters);
  });

  test("ResNet-18 and ResNet-50 count as published", () => {
    expect(golden.models.resnet18!.parameters).toBe(11_689_512);
    expect(golden.models.resnet50!.parameters).toBe(25_557_032);
  });
});

describe("the CIFAR family", () => {
  // He et al. 2016, table 6: 0.27, 0.46, 0.66, 0.85 and 1.7 million parameters.
  for (const [name, millions] of [
    ["resnet20", 0.27],
    ["resnet32", 0.46],
    ["resnet44", 0.66],
    ["resnet56", 0.85],
    ["resnet110", 1.7],
  ] as const)
    test(`${name} has about ${millions} million parameters`, () => {
      const count = countParameters(buildModel(name, { classes: 10 }));
      expect(count / 1e6).toBeCloseTo(millions, name === "resnet110" ? 1 : 2);
    });

  test("option-A shortcuts have no parameters", () => {
    const graph = buildModel("resnet20", { classes: 10 });
    expect(stateOf(graph).filter((entry) => entry.includes("shortcut"))).toEqual([]);
    expect(graph.nodes.filter(({ op }) => op === "Slice" || op === "Pad")).toHaveLength(4);
  });
});

describe("work", () => {
  // ResNet-18, -50 and MobileNet-v2 as torchvision's documentation gives them (GFLOPS 1.81, 4.09, 0.3), ResNet-20 (10 classes) by hand.
  test.each([
    ["resnet18", 1_814_073_344],
    ["resnet50", 4_089_184_256],
    ["mobilenet_v2", 300_774_272],
    ["resnet20", 40_551_040 + 990 * 64],
  ])("%s takes as many multiply-adds as published", (name, expected) => {
    expect(countMultiplyAdds(published(name))).toBe(expected);
  });

  test("the MNIST network stays below 3 million", () => {
    const work = countMultiplyAdds(buildModel("resnet8", { classes: 10 }));
    expect(work).toBeGreaterThan(1e6);
    expect(work).toBeLessThan(3e6);
  });
});

describe("graphs", () => {
  for (const name of ["resnet18", "resnet20", "resnet8", "mobilenet_v2"])
    test(`${name} verifies and ends in logits`, () => {
      const graph = published(name);
      verify(graph);
      expect(graph.outputs).toEqual(["logits"]);
      expect(inferTypes(graph).get("logits")).toEqual({ dtype: "float32", shape: ["N", 1000] });
    });

  test("a graph pooled down to one pixel still infers", () => {
    const graph = buildModel("mobilenet_v2", { classes: 3, size: 8, initialize: false });
    expect(inferTypes(graph).get("logits")).toEqual({ dtype: "float32", shape: ["N", 3] });
  });
});

describe("options", () => {
  test("every name is there once", () => {
    const names = architectures.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test("the CIFAR stem is one 3 × 3 convolution", () => {
    const graph = buildModel("resnet18", { classes: 10, size: 32, stem: "cifar", initialize: false });
    expect(graph.tensors.get("conv1.weight")!.shape).toEqual([64, 3, 3, 3]);
    expect(graph.nodes.some(({ op }) => op === "MaxPool")).toBe(false);
  });

  test("the same seed gives the same parameters, another seed others", () => {
    const [a, b, c] = [1, 1, 2].map((seed) => buildModel("resnet8", { classes: 10, seed }));
    expect(a).toEqual(b);
    expect(a!.tensors.get("conv1.weight")).not.toEqual(c!.tensors.get("conv1.weight"));
  });

  test("convolutions are drawn with He's deviation for the fan-out, the classifier within ±1/√fan-in", () => {
    const graph = buildModel("resnet20", { classes: 10, seed: 3 });
    const weight = graph.tensors.get("layer3.2.conv2.weight")!.data as Float32Array;
    const deviation = Math.sqrt(weight.reduce((sum, x) => sum + x * x, 0) / weight.length);
    expect(deviation / Math.sqrt(2 / (64 * 9))).toBeCloseTo(1, 1); // 36,864 draws: ±0.4 % at one sigma
    const largest = (graph.tensors.get("linear.weight")!.data as Float32Array).reduce(
      (max, x) => Math.max(max, Math.abs(x)),
      0,
    );
    expect(largest).toBeLessThanOrEqual(Math.fround(1 / 8));
    expect(largest).toBeGreaterThan(0.12);
  });

  test.each([
    ["resnet19", { classes: 10 }, /no built-in architecture "resnet19".*resnet18/],
    ["resnet20", { classes: 10, stem: "imagenet" }, /resnet20 has no stem "imagenet", only "cifar"/],
    ["resnet18", { classes: 1 }, /at least 2 classes, got 1/],
    ["resnet18", { classes: 10, size: 3.5 }, /integer of at least 8 pixels, got 3.5/],
  ] as const)("%s with %j is refused", (name, options, message) => {
    expect(() => buildModel(name, options)).toThrow(UsageError);
    expect(() => buildModel(name, options)).toThrow(message);
  });
});
