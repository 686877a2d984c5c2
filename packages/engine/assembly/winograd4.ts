/**
 * Winograd F(4×4, 3×3) in exact integers (Lavin & Gray 2016, arXiv:1509.09308): 36 products for sixteen outputs.
 *
 *   Bᵀ = [4 0 −5 0 1 0; 0 −4 −4 1 1 0; 0 4 −4 −1 1 0; 0 −2 −1 2 1 0; 0 2 −1 −2 1 0; 0 4 0 −5 0 1]
 *   G  = [1 0 0; 1 1 1; 1 −1 1; 1 2 4; 1 −2 4; 0 0 1]          (its rows times 1/4, −1/6, −1/6, 1/24, 1/24, 1 are the usual ones)
 *   Aᵀ = [6 −4 −4 1 1 0; 0 −4 4 2 −2 0; 0 −4 −4 4 4 0; 0 −4 4 8 −8 24]
 *
 * Aᵀ contains 24 times those factors, so everything is an integer and the result is 24² = 64·9 times the convolution.
 * Transformed activations, at most 68·255, and filters, at most 49·128, are int16. Intermediate sums may wrap around 2^32:
 * 576·y mod 2^32 determines y mod 2^26, by a shift of 6 and the inverse of 9, and the host has proved |y| < 2^25.
 */
import { accumulate } from "./accumulate";
import { Dot16 } from "./products";
import { requantize } from "./requantize";
import { WinogradTask } from "./tasks";

/** Tiles whose products are computed together: 36 × 8 × 8 sums are 9 KB. */
const GROUP: i32 = 8;
/** Bytes from one position's products to the next. */
const POSITION: usize = 256;
/** 9 · INVERSE ≡ 1 (mod 2^32). */
const INVERSE: i32 = 954437177;

// @ts-ignore: decorator
@inline function times4(x: v128): v128 { return i16x8.shl(x, 2); }
// @ts-ignore: decorator
@inline function times2(x: v128): v128 { return i16x8.add(x, x); }

/** Bᵀ along one axis: six inputs `from`, `step` bytes apart, to six outputs `to`, `pitch` bytes apart. */
// @ts-ignore: decorator
@inline function transformSix(from: usize, step: usize, to: usize, pitch: usize): void {
  const d0 = v128.load(from), d1 = v128.load(from + step), d2 = v128.load(from + (step << 1));
  const half = from + step + (step << 1);
  const d3 = v128.load(half), d4 = v128.load(half + step), d5 = v128.load(half + (step << 1));
  const even = i16x8.sub(d4, times4(d2)); // d4 − 4d2
  const odd = i16x8.sub(d3, times4(d1)); // d3 − 4d1
  const even2 = i16x8.sub(d4, d2);
  const odd2 = times2(i16x8.sub(d3, d1));
  v128.store(to, i16x8.add(i16x8.sub(times4(i16x8.sub(d0, d2)), d2), d4));
  v128.store(to + pitch, i16x8.add(even, odd));
  v128.store(to + (pitch << 1), i16x8.sub(even, odd));
  to += pitch + (pitch << 1);
  v128.store(to, i16x8.add(even2, odd2));
  v128.store(to + pitch, i16x8.sub(even2, odd2));
  v128.store(to + (pitch << 1), i16x8.add(i16x8.sub(times4(i16x8.sub(d1, d3)), d3), d5));
}

/** V = Bᵀ·d·B of `count` tiles from `tile`, eight channels at a time; columns first, into `scratch`, [6 columns][6 rows][16 bytes]. */
function transformInput(task: WinogradTask, tile: i32, count: i32, scratch: usize): void {
  const rowPitch = <usize>task.rowPitch, pixelPitch = <usize>task.pixelPitch, pitch = <usize>task.positionPitch;
  let source = task.tileInputs + (<usize>tile << 2);
  let target = task.transformed;
  do {
    let from = task.input + load<i32>(source);
    let to = target;
    let vectors = task.pixelPitch >> 4;
    do {
      for (let x = 0; x < 6; x++) transformSix(from + <usize>x * pixelPitch, rowPitch, scratch + <usize>x * 96, 16);
      for (let y = 0; y < 6; y++) transformSix(scratch + <usize>(y << 4), 96, to + <usize>(6 * y) * pitch, pitch);
      from += 16;
      to += 16;
    } while (--vectors);
    source += 4;
    target += task.tilePitch;
  } while (--count);
}

/** Aᵀ along one axis: six sums `from`, `step` bytes apart, to four. */
// @ts-ignore: decorator
@inline function outputFour(from: usize, step: usize, to: usize, pitch: usize, last: bool): void {
  const m0 = v128.load(from), m1 = v128.load(from + step), m2 = v128.load(from + (step << 1));
  const half = from + step + (step << 1);
  const m3 = v128.load(half), m4 = v128.load(half + step), m5 = v128.load(half + (step << 1));
  const sum12 = i32x4.shl(i32x4.add(m1, m2), 2), difference12 = i32x4.shl(i32x4.sub(m2, m1), 2);
  const sum34 = i32x4.add(m3, m4), difference34 = i32x4.sub(m3, m4);
  const six0 = i32x4.add(i32x4.shl(m0, 2), i32x4.add(m0, m0));
  const twentyFour5 = i32x4.add(i32x4.shl(m5, 4), i32x4.shl(m5, 3));
  const y0 = i32x4.add(i32x4.sub(six0, sum12), sum34);
  const y1 = i32x4.add(difference12, i32x4.add(difference34, difference34));
  const y2 = i32x4.sub(i32x4.shl(sum34, 2), sum12);
  const y3 = i32x4.add(i32x4.add(difference12, i32x4.shl(difference34, 3)), twentyFour5);
  v128.store(to, last ? divide(y0) : y0);
  v128.store(to + pitch, last ? divide(y1) : y1);
  v128.store(to + (pitch << 1), last ? divide(y2) : y2);
  v128.store(to + pitch + (pitch << 1), last ? divide(y3) : y3);
}

/** 576·y mod 2^32 → y, for |y| < 2^25. */
// @ts-ignore: decorator
@inline function divide(v: v128): v128 {
  return i32x4.shr_s(i32x4.shl(i32x4.mul(i32x4.shr_u(v, 6), i32x4.splat(INVERSE)), 6), 6);
}

/** Aᵀ·M·A of all tiles of a group: products int32[36][8 tiles][8] → sums int32[16 phases][8 tiles][8]. */
function transformOutput(products: usize, sums: usize, scratch: usize): void {
  let halves = GROUP << 1;
  do {
    // Rows first: [6 columns][4 rows] into scratch.
    for (let x = 0; x < 6; x++) outputFour(products + <usize>x * POSITION, 6 * POSITION, scratch + <usize>(x << 6), 16, false);
    for (let y = 0; y < 4; y++) outputFour(scratch + <usize>(y << 4), 64, sums + <usize>(y << 2) * POSITION, POSITION, true);
    products += 16;
    sums += 16;
  } while (--halves);
}

/** Output pixels are listed by group of eight tiles, then phase (4·row + column), then tile; absent ones go to the dump. */
export function winograd4D8(task: WinogradTask): void {
  const gemm = task.gemm;
  const pitch = <usize>task.positionPitch;
  const positionWeights = <usize>(gemm.blockPitch / 36);
  const scratch = task.products + 36 * POSITION;
  for (let chunk = 0; chunk < task.tiles; chunk += task.chunk) {
    const tiles = min(task.chunk, task.tiles - chunk);
    transformInput(task, chunk, tiles, scratch);
    for (let block = 0; block < gemm.blocks; block++) {
      for (let tile = 0; tile < tiles; tile += GROUP) {
        const count = min(GROUP, tiles - tile);
        const offsets = gemm.inputPixels + (<usize>tile << 2);
        let input = task.transformed;
        let weights = gemm.weights + <usize>(block * gemm.blockPitch);
        let products = task.products;
        for (let position = 0; position < 36; position++) {
          accumulate<Dot16>(gemm, input, offsets, count, weights, 0, products);
          input += pitch;
          weights += positionWeights;
          products += POSITION;
        }
        transformOutput(task.products, gemm.sums, scratch);
        requantize(gemm.output, block, 0, (chunk + tile) << 4, GROUP << 4, gemm.sums);
      }
    }
  }
}
