/** The proofs at their edge: weights that just allow a kernel, and one unit more, both run on extreme activations. */

import { describe, expect, test } from "vitest";
import { expectSame, tiers } from "../../test/kernel-matrix.js";
import { program, Random, tensor } from "../../test/programs.js";
import type { ConvOperator } from "../operators/conv.js";
import type { Program } from "../program/program.js";
import { fusedProduct } from "../wasm/fused-product.js";
import { highestByte, supportedTier, type Tier } from "../wasm/modules.js";
import { fieldBitsFor } from "./bounds.js";
import { compile } from "./executable.js";

interface Layer {
  readonly channels: number;
  readonly size?: number;
  readonly weightBits: number;
  readonly activationBits: number;
  readonly kernel?: number;
  readonly outputs?: number;
  readonly groups?: number;
  /** Largest |v| of rule 5; by default the codes hold it. */
  readonly largest?: number;
  /** Code of output 0 (and of every eighth) at input channel and tap. */
  readonly code: (channel: number, tap: number, output: number) => number;
}

/** Input bytes are 0 or 255, which are the extreme codes of the layer's input. */
function layerProgram(layer: Layer): Program {
  const {
    channels,
    size = 4,
    weightBits,
    activationBits,
    kernel = 1,
    outputs = 8,
    groups = 1,
    largest = 127.5,
    code,
  } = layer;
  const highest = 2 ** activationBits - 1;
  const pad = kernel >> 1;
  const inputs = channels / groups;
  const taps = kernel * kernel;
  const codes = Int8Array.from({ length: outputs * inputs * taps }, (_, i) =>
    code(Math.floor(i / taps) % inputs, i % taps, Math.floor(i / taps / inputs)),
  );
  const unit = { strides: [1, 1], dilations: [1, 1], groups: 1, lo: 0, hi: highest } as const;
  const spread: ConvOperator = {
    op: "conv",
    name: "spread",
    input: 0,
    output: 1,
    weights: {
      bits: 8,
      shape: [channels, 3, 1, 1],
      codes: Int8Array.from({ length: channels * 3 }, (_, i) => (i % 3 === Math.floor(i / 3) % 3 ? 100 : 0)),
      scales: new Float32Array(channels).fill(1),
    },
    bias: new Int32Array(channels),
    pads: [0, 0, 0, 0],
    ...unit,
  };
  const reach = codes.reduce((sum, w) => sum + Math.abs(w), 1) / outputs;
  const tested: ConvOperator = {
    op: "conv",
    name: "tested",
    input: 1,
    output: 2,
    weights: {
      bits: weightBits,
      shape: [outputs, inputs, kernel, kernel],
      codes,
      scales: new Float32Array(outputs).fill(1),
    },
    bias: new Int32Array(outputs),
    pads: [pad, pad, pad, pad],
    ...unit,
    groups,
    hi: 255,
  };
  const map = [outputs, size, size];
  const result = { bits: 8, scale: Math.fround((reach * highest) / largest), zeroPoint: 128 };
  return program(
    [
      tensor("image", [3, size, size], { scale: 1 }),
      tensor("x", [channels, size, size], { bits: activationBits, scale: 1 }),
      tensor("y", map, result),
      tensor("flat", [outputs * size * size], result),
    ],
    [
      spread,
      tested,
      { op: "reshape", name: "flat", input: 2, output: 3 },
      { op: "dequantize", name: "logits", input: 3 },
    ],
  );
}

/** Runs the layer on random extreme images against the reference, and tells its kernel and flush interval. */
async function runExtremes(layer: Layer, tier: Tier) {
  const made = layerProgram(layer);
  for (const seed of [1, 2, 3]) {
    const random = new Random(seed);
    const [channels, height, width] = made.tensors[0]!.shape as [number, number, number];
    const bright = random.next();
    const images = Uint8Array.from({ length: channels * height * width }, () => (random.next() < bright ? 255 : 0));
    await expectSame(made, tier, images);
    await expectSame(
      made,
      tier,
      images.map(() => 255),
    );
  }
  const { kernels } = await compile(made, { tier, warmUp: false });
  const { kernel, flush } = kernels.find(({ name }) => name === "tested")!;
  return flush === undefined ? kernel : `${kernel}, flush ${flush}`;
}

/** Largest codes first until their sum is `total`. */
const filling = (total: number, largest: number) => (i: number) => Math.max(0, Math.min(largest, total - i * largest));
const signs: readonly (readonly [string, (code: number, i: number) => number])[] = [
  ["positive", (code) => code],
  ["negative", (code) => -code],
  ["of both signs", (code, i) => (i % 2 === 0 ? code : -code)],
];

describe.skipIf(!tiers.includes("relaxed"))("int16 sums of bytes", () => {
  // A lane sums channels 4k and 4k + 1; 15·4368 = 65,520 is the longest range that fits, 15·4369 = 65,535 does not.
  const lane = (total: number, sign: (code: number, i: number) => number): Layer => ({
    channels: 72,
    weightBits: 8,
    activationBits: 4,
    code: (channel) => {
      const i = (channel >> 2) * 2 + (channel & 3);
      return (channel & 3) < 2 ? sign(filling(total, 127)(i), i) : 0;
    },
  });

  test.each(signs)("%s", async (_, sign) => {
    expect(await runExtremes(lane(4368, sign), "relaxed")).toBe("convR4");
    expect(await runExtremes(lane(4369, sign), "relaxed")).toBe("convR4, flush 17");
  });

  // U at (0, 0) is 4·g(0, 0), and transformed activations are at most 60: 60·4·273 = 65,520.
  test.each(signs)("Winograd, %s", async (_, sign) => {
    const corner = (total: number): Layer => ({
      channels: 80,
      weightBits: 4,
      activationBits: 4,
      kernel: 3,
      code: (channel, tap) => {
        const i = (channel >> 2) * 2 + (channel & 3);
        return tap === 0 && (channel & 3) < 2 ? sign(filling(total, 7)(i), i) : 0;
      },
    });
    expect(await runExtremes(corner(273), "relaxed")).toBe("winogradR4");
    expect(await runExtremes(corner(274), "relaxed")).toBe("winogradR4, flush 19");
  });

  test("Winograd takes filters whose transform is a byte, and activations of at most 5 bits", async () => {
    const layer = { channels: 24, kernel: 3, weightBits: 5, activationBits: 5 };
    expect(await runExtremes({ ...layer, code: () => 14 }, "relaxed")).toBe("winogradR4, flush 2");
    expect(await runExtremes({ ...layer, code: () => 15 }, "relaxed")).toMatch(/^convR/);
    expect(await runExtremes({ ...layer, weightBits: 4, activationBits: 6, code: () => 7 }, "relaxed")).toMatch(
      /^convR/,
    );
  });

  test("bytes of 7 bits are widened at once", async () => {
    const layer = { channels: 32, weightBits: 8, activationBits: 7 };
    expect(await runExtremes({ ...layer, code: () => -128 }, "relaxed")).toBe("convR8");
    expect(await runExtremes({ ...layer, activationBits: 8, code: () => -128 }, "relaxed")).toBe("convD8");
  });
});

describe.skipIf(!tiers.includes("fused"))("int32 sums of bytes", () => {
  const fused = fusedProduct() === "signed" ? "S8" : "F8";

  const extremes = [
    ["lowest", () => -128],
    ["highest", () => 127],
    ["of both signs", (channel: number) => (channel % 3 === 0 ? -128 : 127)],
  ] as const;
  // Pairs of products leave 16 bits by far; 500 of the largest products need 25 bits.
  test.each(extremes)("%s weights, at 7 and 8 bits of activations", async (_, code) => {
    const layer = { channels: 500, weightBits: 8, code };
    expect(await runExtremes({ ...layer, activationBits: 7 }, "fused")).toBe(`conv${fused}`);
    expect(await runExtremes({ ...layer, activationBits: 8 }, "fused")).toBe(
      fusedProduct() === "unsigned" ? "convF8" : fusedProduct() === "signed" && code(0) > -128 ? "convS8" : "convD8",
    );
  });

  test("Winograd takes filters whose transform is a byte, and activations of at most 5 bits", async () => {
    const layer = { channels: 24, kernel: 3, weightBits: 5, activationBits: 5 };
    expect(await runExtremes({ ...layer, code: () => 14 }, "fused")).toBe(`winograd${fused}`);
    expect(await runExtremes({ ...layer, code: () => -14 }, "fused")).toBe(`winograd${fused}`);
    expect(await runExtremes({ ...layer, code: () => 15 }, "fused")).toBe(`conv${fused}`);
  });
});

describe("two weights in a lane", () => {
  test("width of the low field", () => {
    expect([7, 3, 1].map((w) => fieldBitsFor(-w, w))).toEqual([12, 13, 14]);
    expect([8, 4, 2].map((w) => fieldBitsFor(-w, w - 1))).toEqual([11, 12, 13]);
    expect(fieldBitsFor(-128, 127)).toBe(0);
  });

  // The low field holds −2048…2047: 15·136 = 2040 fits both ways.
  test.each(signs.slice(0, 2))("low field, %s", async (_, sign) => {
    const field = (total: number): Layer => ({
      channels: 40,
      weightBits: 4,
      activationBits: 4,
      code: (channel, __, output) =>
        (output & 4) === 0 ? sign(filling(total, 7)(channel), channel) : sign(7, channel),
    });
    expect(await runExtremes(field(136), "simd")).toBe("convP4");
    expect(await runExtremes(field(137), "simd")).toBe("convP4, flush 9");
  });

  // The high field has 20 bits: 15·7·4993 = 524,265 < 2^19.
  test.each(signs.slice(0, 2))("high field, %s", async (_, sign) => {
    const layer = { size: 1, weightBits: 4, activationBits: 4, code: () => sign(7, 0) };
    expect(await runExtremes({ ...layer, channels: 4993 }, "simd")).toMatch(/^convP4/);
    expect(await runExtremes({ ...layer, channels: 4994 }, "simd")).toBe("convD8");
  });
});

describe("four times a sum in int32", () => {
  test.each(signs.slice(0, 2))("Winograd of 8 bits, %s", async (_, sign) => {
    const layer = { size: 3, kernel: 3, weightBits: 8, activationBits: 8, code: () => sign(127, 0) };
    expect(await runExtremes({ ...layer, channels: 1840 }, "simd")).toBe("winogradD8");
    expect(await runExtremes({ ...layer, channels: 1842 }, "simd")).toBe("convD8");
  });
});

describe("sums within 2^25", () => {
  // 9·115·127·255 = 33,518,475 < 2^25 < 9·116·127·255; 576 times that wraps around 2^32 many times.
  test.each(signs.slice(0, 2))("Winograd of 4×4 tiles, %s", async (_, sign) => {
    const layer = { size: 8, outputs: 16, kernel: 3, weightBits: 8, activationBits: 8, code: () => sign(127, 0) };
    expect(await runExtremes({ ...layer, channels: 115 }, "simd")).toBe("winograd4D8");
    expect(await runExtremes({ ...layer, channels: 116 }, "simd")).toBe("winogradD8");
  });
});

describe("depthwise sums in int16", () => {
  test.each(signs)("%s", async (_, sign) => {
    const layer = { channels: 9, outputs: 9, groups: 9, kernel: 3, weightBits: 8, activationBits: 8 };
    const taps = (total: number) => (_channel: number, tap: number) => sign(filling(total, 100)(tap), tap);
    expect(await runExtremes({ ...layer, code: taps(128) }, "simd")).toBe("depthwiseByteNarrow");
    expect(await runExtremes({ ...layer, code: taps(129) }, "simd")).toBe("depthwiseByteColumns");
  });

  test.skipIf(!tiers.includes("fused")).each(signs)("none where they are fused, %s", async (_, sign) => {
    const layer = { channels: 9, outputs: 9, groups: 9, kernel: 3, weightBits: 8, activationBits: 8 };
    const code = (_channel: number, tap: number) => sign(127, tap);
    expect(await runExtremes({ ...layer, code }, "fused")).toMatch(
      highestByte("fused") === 255 ? /^depthwise[FS]8Columns$/ : /^depthwiseByteColumns$/,
    );
  });
});

test("the tier asked for is the tier that runs", async () => {
  for (const tier of tiers)
    expect(
      (await compile(layerProgram({ channels: 8, weightBits: 4, activationBits: 4, code: () => 1 }), { tier })).tier,
    ).toBe(tier);
  expect(tiers).toContain(supportedTier());
});

// Below 2^21 the epilogue clamps after rounding; it may do so up to 2^22, and the last of these go far beyond int32.
describe.each(tiers)("sums that leave the range of the codes by far, %s", (tier) => {
  const layers = {
    "1×1": { channels: 20, weightBits: 8 },
    "3×3": { channels: 24, weightBits: 4, kernel: 3 },
    depthwise: { channels: 8, weightBits: 8, kernel: 3, groups: 8, size: 5 },
  };
  test.each(Object.entries(layers))("%s", async (_, layer) => {
    const random = new Random(8);
    const highest = 2 ** (layer.weightBits - 1) - 1;
    const codes = Array.from({ length: 1024 }, () => Math.round((2 * random.next() - 1) * highest));
    const code = (channel: number, tap: number, output: number) => codes[(channel * 9 + tap + 173 * output) % 1024]!;
    for (const activationBits of [4, 8])
      for (const largest of [2 ** 9, 2 ** 16, 2 ** 20, 0.99 * 2 ** 21, 1.01 * 2 ** 21, 2 ** 23, 2 ** 33, 2 ** 60])
        await runExtremes({ ...layer, activationBits, largest, code }, tier);
  });
});
