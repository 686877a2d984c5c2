import { expect, test } from "vitest";
import { createSession } from "../runtime/session.js";
import { benchNetwork, floatBatch, smoothImages } from "./network.js";

test("images are smooth, seeded, and not all the same", () => {
  const [first, second] = smoothImages(1, 2, 64);
  expect(smoothImages(1, 2, 64)).toEqual([first, second]);
  expect(second).not.toEqual(first);
  const rows = Array.from({ length: 64 * 63 * 3 }, (_, i) => Math.abs(first![i]! - first![i + 64 * 3]!));
  expect(rows.reduce((a, b) => a + b) / rows.length).toBeLessThan(15);
  expect(Math.max(...first!) - Math.min(...first!)).toBeGreaterThan(100);
});

test("activations of the network have the spread that batch normalization gives", async () => {
  const { key, graph, images, size } = await benchNetwork("resnet20", 16, { seed: 5 });
  expect(key).toBe("resnet20-16");
  expect(graph.nodes.some(({ op }) => op === "BatchNormalization")).toBe(false);
  expect(graph.inputs[0]!.shape).toEqual([1, 3, 16, 16]);
  const convolutions = graph.nodes.filter(({ op }) => op === "Conv").map(({ outputs }) => outputs[0]!);
  expect(convolutions).toHaveLength(19);
  const batch = { ...graph, inputs: [{ ...graph.inputs[0]!, shape: [4, 3, 16, 16] }], outputs: convolutions };
  const session = await createSession(batch);
  for (const { data } of Object.values(await session.run({ input: floatBatch(images, size) }))) {
    const values = data as Float32Array;
    const mean = values.reduce((a, b) => a + b) / values.length;
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
    expect(mean).toBeCloseTo(0, 3);
    expect(variance).toBeCloseTo(1, 2);
  }
  await session.release();
});
