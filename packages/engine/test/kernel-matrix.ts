/** @file The matrix of convolutions that every kernel is tested with: sizes around its tile × bit widths × fills × tiers. */

import { expect } from "vitest";
import { compile } from "../src/kernels/executable.js";
import type { Program } from "../src/program/program.js";
import { createReference } from "../src/reference/reference.js";
import { fusedProduct } from "../src/wasm/fused-product.js";
import { hasTier, highestByte, type KernelName, type Tier } from "../src/wasm/modules.js";
import { type ConvCase, convProgram, type Fill } from "./convolutions.js";
import { Random } from "./programs.js";

/** Sizes below, at and above the tile of 4 pixels × 8 (16) channels and the panel of 64 pixels; prime channels and maps. */
const direct: readonly ConvCase[] = [
  { label: "1×1, tile", input: [8, 2, 2], outputs: 8 },
  { label: "1×1, pixels below the tile", input: [8, 1, 3], outputs: 8 },
  { label: "1×1, pixels above the tile", input: [8, 5, 1], outputs: 16 },
  { label: "1×1, one channel each way", input: [1, 3, 3], outputs: 1 },
  { label: "1×1, channels below the block", input: [7, 3, 3], outputs: 7 },
  { label: "1×1, channels above the block", input: [17, 3, 3], outputs: 17 },
  { label: "1×1, panel", input: [4, 8, 8], outputs: 8 },
  { label: "1×1, unpacked in two parts", input: [520, 1, 2], outputs: 264 },
  { label: "1×1, pixels above the panel", input: [4, 5, 13], outputs: 9 },
  { label: "3×3 stride 2", input: [13, 11, 9], outputs: 19, kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
  {
    label: "7×7 stride 2 on three channels",
    input: [3, 19, 17],
    outputs: 8,
    kernel: [7, 7],
    strides: [2, 2],
    pads: [3, 3, 3, 3],
  },
  {
    label: "5×2 prime strides, uneven pads",
    input: [11, 17, 13],
    outputs: 5,
    kernel: [5, 2],
    strides: [3, 5],
    pads: [2, 0, 3, 1],
  },
  {
    label: "3×3 on many channels",
    input: [239, 4, 5],
    outputs: 9,
    kernel: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 1, 1],
  },
  { label: "3×3 dilated", input: [5, 11, 13], outputs: 8, kernel: [3, 3], dilations: [2, 3], pads: [2, 3, 2, 3] },
  { label: "groups of whole blocks", input: [16, 5, 5], outputs: 16, kernel: [3, 3], groups: 2, pads: [1, 1, 1, 1] },
  { label: "groups across blocks", input: [15, 5, 4], outputs: 35, kernel: [1, 3], groups: 5, pads: [0, 1, 0, 1] },
  { label: "3×3, too small for Winograd", input: [24, 2, 2], outputs: 8, kernel: [3, 3], pads: [1, 1, 1, 1] },
  { label: "3×3 to one pixel", input: [32, 3, 3], outputs: 8, kernel: [3, 3] },
  { label: "groups below the block", input: [32, 4, 4], outputs: 32, kernel: [3, 3], groups: 8, pads: [1, 1, 1, 1] },
];

const winograd: readonly ConvCase[] = [
  { label: "four tiles", input: [24, 3, 3], outputs: 8, kernel: [3, 3], pads: [1, 1, 1, 1] },
  { label: "odd map", input: [29, 7, 5], outputs: 13, kernel: [3, 3], pads: [1, 1, 1, 1] },
  { label: "above the group of tiles", input: [24, 9, 14], outputs: 9, kernel: [3, 3], pads: [1, 1, 1, 1] },
  { label: "uneven pads", input: [31, 6, 5], outputs: 8, kernel: [3, 3], pads: [2, 0, 0, 1] },
  { label: "many channels", input: [300, 4, 4], outputs: 8, kernel: [3, 3], pads: [1, 1, 1, 1] },
  { label: "group of 4×4 tiles", input: [40, 8, 16], outputs: 40, kernel: [3, 3], pads: [1, 1, 1, 1] },
  { label: "above the group of 4×4 tiles", input: [33, 13, 11], outputs: 33, kernel: [3, 3], pads: [1, 0, 1, 2] },
];

const depthwise: readonly ConvCase[] = [
  { label: "3×3", input: [3, 5, 5], outputs: 3, kernel: [3, 3], groups: 3, pads: [1, 1, 1, 1] },
  {
    label: "3×3 stride 2",
    input: [3, 9, 11],
    outputs: 3,
    kernel: [3, 3],
    groups: 3,
    strides: [2, 2],
    pads: [1, 1, 1, 1],
  },
  { label: "3×3, rows across panels", input: [9, 11, 13], outputs: 9, kernel: [3, 3], groups: 9, pads: [1, 1, 1, 1] },
  {
    label: "3×3 stride 2, rows across panels",
    input: [17, 21, 35],
    outputs: 17,
    kernel: [3, 3],
    groups: 17,
    strides: [2, 2],
    pads: [1, 1, 1, 1],
  },
  {
    label: "3×3, one column, taller steps and dilation",
    input: [8, 17, 1],
    outputs: 8,
    kernel: [3, 3],
    groups: 8,
    strides: [3, 1],
    dilations: [2, 1],
    pads: [2, 1, 1, 1],
  },
  {
    label: "2×2 dilated",
    input: [3, 9, 11],
    outputs: 3,
    kernel: [2, 2],
    groups: 3,
    dilations: [2, 1],
    pads: [1, 0, 1, 2],
  },
  {
    label: "3×3 beside a dense convolution",
    input: [11, 5, 7],
    outputs: 11,
    kernel: [3, 3],
    groups: 11,
    pads: [1, 1, 1, 1],
    beside: true,
  },
  {
    label: "5×3 beside a dense convolution",
    input: [11, 5, 7],
    outputs: 11,
    kernel: [5, 3],
    groups: 11,
    pads: [2, 1, 2, 1],
    beside: true,
  },
];

export interface Combination {
  readonly weightBits: number;
  readonly activationBits: number;
  readonly fill: Fill;
  readonly withResidual: boolean;
}

const same = [2, 3, 4, 5, 6, 7, 8].map((bits) => [bits, bits] as const);
const mixed = [
  [8, 4],
  [4, 8],
  [5, 4],
  [2, 5],
] as const;

/** Every bit width with every fill; the two forms of the epilogue alternate. The inner loop goes over fills. */
export const fillCount = 5;

export const combinations: readonly Combination[] = [...same, ...mixed].flatMap(([weightBits, activationBits], i) =>
  (["random", "bell", "high", "low", "alternating"] as const).map((fill, j) => ({
    weightBits,
    activationBits,
    fill,
    withResidual: (i + j) % 2 === 0,
  })),
);

export const tiers: readonly Tier[] = (["simd", "relaxed", "fused"] as const).filter(hasTier);
const seen = new Set<string>();

const imageBytes = (program: Program) => program.tensors[0]!.shape.reduce((product, size) => product * size, 1);

/** Runs both engines, and returns the kernel of each layer by name. */
export async function expectSame(
  program: Program,
  tier: Tier,
  images = new Random(2).bytes(2 * imageBytes(program)),
): Promise<ReadonlyMap<string, KernelName>> {
  const executable = await compile(program, { tier, warmUp: false });
  expect(executable.tier).toBe(tier);
  const expected = createReference(program).run(images, images.length / imageBytes(program));
  const got = executable.run(images);
  const bad = got.findIndex((value, i) => value !== expected[i]);
  if (bad !== -1)
    throw new Error(
      `logit ${bad} of ${got.length} is ${got[bad]}, reference ${expected[bad]}; kernels ${JSON.stringify(executable.kernels)}`,
    );
  for (const { kernel, flush } of executable.kernels) seen.add(flush === undefined ? kernel : `${kernel}, flushed`);
  return new Map(executable.kernels.map(({ name, kernel }) => [name, kernel]));
}

export const families = { direct, winograd, depthwise };

/**
 * The kernels that may run a layer of these bit widths.
 * @param highest  largest activation that the tier's products of bytes accept
 */
export function expectedKernel(
  family: string,
  { weightBits, activationBits }: Combination,
  tier: Tier,
  highest: number = highestByte(tier),
): RegExp {
  if (family === "depthwise") return /^depthwise/;
  if (2 ** activationBits - 1 > highest) return /D8$|P4$/;
  // With weights of −128 products stay in 16 bits there.
  if (tier === "fused" && fusedProduct() === "signed" && Math.min(weightBits, activationBits) === 8) return /[SD]8$/;
  const isTiled = family === "winograd" && activationBits <= 5 && weightBits <= 4;
  // Filters of 5 bits are transformed where they allow it.
  if (tier === "fused") return isTiled ? /^winograd[FS]8$/ : /^(conv|winograd)[FS]8$/;
  return isTiled ? /^winogradR4$/ : /R[48]$/;
}

/** Compares one convolution with the reference and asserts that the expected kernel and tier ran. */
export async function checkCombination(family: string, c: ConvCase, options: Combination, tier: Tier): Promise<void> {
  const zeroPoint = options.fill === "bell" || options.withResidual ? 2 : 0;
  const kernels = await expectSame(convProgram(c, { ...options, zeroPoint }), tier);
  expect(kernels.get("tested")).toMatch(expectedKernel(family, options, tier));
}

/** Kernels that the combinations so far have run. */
export const kernelsSeen = (): string[] => [...seen].sort();
