import { float32, type Graph, GraphBuilder } from "@subbyte/graph";
import { expect, test } from "vitest";
import { Random } from "../random.js";
import { createSession } from "../runtime/session.js";
import { kitchenSink, randomTensor } from "../testing/networks.js";
import { equalizeLayers } from "./equalization.js";

/** conv → ReLU → depthwise conv → conv → ReLU6 → conv, channels of very unlike ranges. */
function mobileBlock(): Graph {
  const random = new Random(3);
  const b = new GraphBuilder("mobile");
  const conv = (name: string, x: string, shape: readonly number[], group = 1) => {
    const weight = randomTensor(random, shape, 1);
    const size = weight.data.length / shape[0]!;
    const uneven = (weight.data as Float32Array).map((w, i) => w * 4 ** ((Math.floor(i / size) % 5) - 2));
    const bias = b.constant(randomTensor(random, [shape[0]!], 0.3), `${name}.bias`);
    const pad = (shape[2]! - 1) / 2;
    const attributes = { kernel_shape: shape.slice(2), pads: [pad, pad, pad, pad], group };
    return b.op("Conv", [x, b.constant(float32(uneven, shape), `${name}.weight`), bias], attributes, { name });
  };
  let x = b.input("input", "float32", ["N", 3, 6, 6]);
  x = b.op("Relu", [conv("expand", x, [10, 3, 1, 1])]);
  x = conv("depthwise", x, [10, 1, 3, 3], 10);
  x = b.op("Clip", [conv("project", x, [8, 10, 1, 1]), b.scalar(0), b.scalar(6)]);
  b.output(conv("last", x, [4, 8, 3, 3]));
  return b.build();
}

async function outputs(graph: Graph, seed: number, shape: readonly number[]): Promise<Float32Array> {
  const session = await createSession(graph, { threads: 1 });
  const results = await session.run({ [graph.inputs[0]!.name]: randomTensor(new Random(seed), shape, 1) });
  await session.release();
  return results[graph.outputs[0]!]!.data as Float32Array;
}

const largestOf = (data: Float32Array, c: number, size: number) =>
  Math.max(...data.subarray(c * size, (c + 1) * size).map(Math.abs));

test("pairs through nothing or a ReLU share their ranges, a hard clip ends a pair, and the network computes the same", async () => {
  const graph = mobileBlock();
  const { graph: equalized, pairs } = equalizeLayers(graph);
  expect(pairs).toEqual(["expand → depthwise", "depthwise → project"]);
  const weights = (name: string) => equalized.tensors.get(`${name}.weight`)!.data as Float32Array;
  for (let c = 0; c < 10; c++) {
    const column = Math.max(...Array.from({ length: 8 }, (_, o) => Math.abs(weights("project")[o * 10 + c]!)));
    expect(largestOf(weights("depthwise"), c, 9) / largestOf(weights("expand"), c, 3)).toBeCloseTo(1, 1);
    expect(column / largestOf(weights("depthwise"), c, 9)).toBeCloseTo(1, 1);
  }
  expect(weights("last")).toEqual(graph.tensors.get("last.weight")!.data);
  const before = await outputs(graph, 5, [2, 3, 6, 6]);
  const after = await outputs(equalized, 5, [2, 3, 6, 6]);
  const scale = Math.max(...before.map(Math.abs));
  expect(scale).toBeGreaterThan(0.1);
  after.forEach((value, i) => {
    expect(Math.abs(value - before[i]!)).toBeLessThan(1e-5 * scale);
  });
});

test("a network of joins and tables is left right", async () => {
  const graph = kitchenSink(11);
  const { graph: equalized, pairs } = equalizeLayers(graph);
  expect(pairs).toContain("block1.conv1 → block1.conv2");
  const before = await outputs(graph, 5, [2, 3, 16, 16]);
  const after = await outputs(equalized, 5, [2, 3, 16, 16]);
  after.forEach((value, i) => {
    expect(value).toBeCloseTo(before[i]!, 3);
  });
});

test("dead channels keep finite weights", () => {
  const graph = mobileBlock();
  const dead = (graph.tensors.get("expand.weight")!.data as Float32Array).slice().fill(0, 0, 3);
  const tensors = new Map([...graph.tensors, ["expand.weight", float32(dead, [10, 3, 1, 1])] as const]);
  const { graph: equalized } = equalizeLayers({ ...graph, tensors });
  for (const { data } of equalized.tensors.values())
    if (data instanceof Float32Array) expect(data.every(Number.isFinite)).toBe(true);
});
