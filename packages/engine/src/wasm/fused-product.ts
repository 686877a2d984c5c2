/**
 * @file Finds out what the fused product of bytes (`i32x4.relaxed_dot_i8x16_i7x16_add_s`) does on this machine. The
 * specification leaves open how a second operand above 127 is read, and whether the sum of two products saturates at 16 bits;
 * on one machine it is always the same.
 */

import { decodeHex } from "./decode-hex.js";
import { probeModule } from "./generated-probe.js";

/**
 * `"unsigned"`: bytes count as 0 … 255 and no sum saturates; x64 with AVX-VNNI does this in one instruction. `"signed"`: bytes
 * count as −128 … 127; arm64 with dot products does this in one instruction (but see `mayWrapPairs`). `"narrow"`: correct only
 * for operands of at most 7 bits; other x64 processors need three instructions for it. `"wrong"`: wrong even for these, as in
 * the baseline compiler of Node 20.
 */
export type FusedProduct = "unsigned" | "signed" | "narrow" | "wrong";

type Product = (w: number, x: number, sum: number, lane: number) => number;

/**
 * Operands of the test: four signed bytes, which are multiplied by four bytes of at most 127, then by larger ones, whose
 * sums of pairs exceed 16 bits.
 */
const narrow = [
  { w: [1, -2, 3, -4], x: [127, 64, 5, 77], sum: 1_000_003 },
  { w: [-128, -128, -128, -128], x: [127, 127, 127, 127], sum: -7 },
  { w: [127, 127, 127, 127], x: [127, 126, 125, 124], sum: 2 ** 30 },
] as const;
const wide = [
  { w: [-128, -128, -128, -128], x: [255, 255, 255, 255], sum: 11 },
  { w: [127, 127, 127, 127], x: [255, 254, 253, 128], sum: -1_000_003 },
  { w: [127, -128, 1, -1], x: [128, 255, 200, 3], sum: 0 },
] as const;

/** @param bytes  the module of `probe.ts`, which is valid here */
function probe(bytes: BufferSource): FusedProduct {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const product = exports.product as Product;
  const isRight = (cases: typeof narrow | typeof wide, value: (x: number) => number) =>
    cases.every(({ w, x, sum }) => {
      const expected = w.reduce((total, weight, i) => total + weight * value(x[i]!), sum);
      return [0, 3].every((lane) => product(packed(w), packed(x), sum, lane) === expected);
    });
  if (!isRight(narrow, (x) => x)) return "wrong";
  if (isRight(wide, (x) => x)) return "unsigned";
  return isRight(wide, (x) => (x << 24) >> 24) ? "signed" : "narrow";
}

const packed = (bytes: readonly number[]): number => bytes.reduceRight((word, byte) => (word << 8) | (byte & 255), 0);

let known: FusedProduct | undefined;

/** Whether this machine has relaxed SIMD at all. */
export const hasRelaxedSimd = (): boolean => WebAssembly.validate(decodeHex(probeModule));

/**
 * How this machine multiplies bytes; computed once. Call it only if `hasRelaxedSimd()`. A page that may not compile it cannot run the
 * kernels either.
 */
export function fusedProduct(): FusedProduct {
  try {
    known ??= probe(decodeHex(probeModule));
    return known;
  } catch {
    return "wrong";
  }
}
