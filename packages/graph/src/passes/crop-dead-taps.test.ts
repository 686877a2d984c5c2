import { describe, expect, test } from "vitest";
import { expectPass, graphOf, weights } from "../../test/passes.js";
import type { GraphBuilder } from "../ir/builder.js";
import type { Attributes } from "../ir/types.js";
import { cropDeadTaps, wholeWeights } from "./crop-dead-taps.js";

/** x [N, 2, height, width] → a convolution to 3 channels with the weight `w`. */
const graph = (image: readonly number[], kernel: readonly number[], attributes: Attributes) =>
  graphOf(["N", 2, ...image], (g, x) => [g.op("Conv", [x, g.constant(weights([3, 2, ...kernel]), "w")], attributes)]);

const crop = { name: "crop-dead-taps", run: (from: Parameters<typeof cropDeadTaps>[0]) => all(from).graph };
const all = (from: Parameters<typeof cropDeadTaps>[0]) => cropDeadTaps(from, () => true);

describe("outputs stay, taps that only meet padding go", () => {
  const around = (width: number) => [width, width, width, width];
  const cases: [string, ReturnType<typeof graph>, number[]][] = [
    ["3×3 on 1×1", graph([1, 1], [3, 3], { pads: around(1) }), [1, 1]],
    ["stride 2 on 2×2", graph([2, 2], [3, 3], { pads: around(1), strides: [2, 2] }), [2, 2]],
    ["7×7 on 2×2, both sides", graph([2, 2], [7, 7], { pads: around(3) }), [3, 3]],
    ["one axis only", graph([5, 1], [3, 3], { pads: around(1) }), [3, 1]],
    ["dilated", graph([2, 4], [3, 3], { pads: around(2), dilations: [2, 2] }), [1, 3]],
    ["auto_pad", graph([1, 1], [3, 3], { auto_pad: "SAME_UPPER" }), [1, 1]],
    ["one dimension", graph([1], [3], { pads: [1, 1] }), [1]],
  ];
  test.each(cases)("%s", async (_, before, kernel) => {
    const after = await expectPass(crop, before, { tolerance: 1e-6 }); // Fewer terms add up in another order.
    expect(after.tensors.get("w")!.shape).toEqual([3, 2, ...kernel]);
  });
});

describe("kept", () => {
  const onOnePixel = (build: (g: GraphBuilder, x: string, w: string) => string[]) =>
    graphOf(["N", 2, 1, 1], (g, x) => build(g, x, g.constant(weights([2, 2, 3, 3]), "w")));
  const pads = [1, 1, 1, 1];
  test.each([
    ["where every tap reads the image", graph([5, 5], [3, 3], { pads })],
    [
      "weights that two convolutions read",
      onOnePixel((g, x, w) => [g.op("Conv", [g.op("Conv", [x, w], { pads }), w], { pads })]),
    ],
    ["weights that are an output", onOnePixel((g, x, w) => [g.op("Conv", [x, w], { pads }), w])],
    ["weights behind an operator", onOnePixel((g, x, w) => [g.op("Conv", [x, g.op("Neg", [w])], { pads })])],
  ])("%s", (_, before) => {
    expect(all(before).graph).toBe(before);
  });

  test("weights that are not to be cropped", () => {
    const before = graph([1, 1], [3, 3], { pads });
    expect(cropDeadTaps(before, (name) => name !== "w").graph).toBe(before);
  });
});

test("whole weights: the live taps as they are, the others times the factor", () => {
  const before = graph([2, 2], [3, 3], { pads: [1, 1, 1, 1], strides: [2, 2] });
  const whole = before.tensors.get("w")!;
  const { graph: after, crops } = all(before);
  const live = after.tensors.get("w")!;
  expect(wholeWeights(whole, live, crops.get("w")!, 1)).toEqual(whole);
  const trained = { ...live, data: (live.data as Float32Array).map((value) => value + 10) };
  const result = wholeWeights(whole, trained, crops.get("w")!, 0.5).data as Float32Array;
  result.forEach((value, i) => {
    const [row, column] = [Math.floor(i / 3) % 3, i % 3];
    const start = whole.data[i] as number;
    expect(value, `element ${i}`).toBe(row > 0 && column > 0 ? Math.fround(start + 10) : start * 0.5);
  });
});
