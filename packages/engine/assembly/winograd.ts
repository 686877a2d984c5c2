/**
 * Winograd F(2×2, 3×3) in exact integers (Lavin & Gray 2016, arXiv:1509.09308, with G doubled in each dimension).
 *
 *   Bᵀ = [1 0 −1 0; 0 1 1 0; 0 −1 1 0; 0 1 0 −1]   G = [2 0 0; 1 1 1; 1 −1 1; 0 0 2]   Aᵀ = [1 1 1 0; 0 1 −1 −1]
 *
 * The result is four times the convolution; the host gives 4·bias and m/4, so that rule 5 yields the same bits. `E` is the type
 * of a transformed element: i16 without an offset, or u8 with an offset that brings it into 0…127 (none at position (1, 1),
 * which is never negative). The amount that the offset adds to the sums is constant per channel and phase, and is part of the
 * bias.
 */
import { requantize } from "./requantize";
import { WinogradTask } from "./tasks";

/** Tiles whose products are computed together: 16 × 16 × 8 sums are 8 KB. */
const GROUP: i32 = 16;

// @ts-ignore: decorator
@inline function plus<E>(a: v128, b: v128): v128 { return sizeof<E>() == 1 ? i8x16.add(a, b) : i16x8.add(a, b); }
// @ts-ignore: decorator
@inline function minus<E>(a: v128, b: v128): v128 { return sizeof<E>() == 1 ? i8x16.sub(a, b) : i16x8.sub(a, b); }

/** One row of Bᵀ·d·B: applies B to (a, b, c, d) and stores the four positions, one `pitch` apart. */
// @ts-ignore: decorator
@inline function transformRow<E>(a: v128, b: v128, c: v128, d: v128, to: usize, pitch: usize, offset: v128, offset1: v128): void {
  v128.store(to, plus<E>(minus<E>(a, c), offset));
  v128.store(to + pitch, plus<E>(plus<E>(b, c), offset1));
  v128.store(to + 2 * pitch, plus<E>(minus<E>(c, b), offset));
  v128.store(to + 3 * pitch, plus<E>(minus<E>(b, d), offset));
}

/** V = Bᵀ·d·B of `count` tiles from `tile`, sixteen bytes of channels at a time. */
function transformInput<E>(task: WinogradTask, tile: i32, count: i32, offset: v128): void {
  const rowPitch = <usize>task.rowPitch, pixelPitch = <usize>task.pixelPitch, pitch = <usize>task.positionPitch;
  const zero = i32x4.splat(0);
  let source = task.tileInputs + (<usize>tile << 2);
  let target = task.transformed;
  do {
    let row0 = task.input + load<i32>(source);
    let to = target;
    let bytes = task.pixelPitch;
    do {
      const row1 = row0 + rowPitch, row2 = row1 + rowPitch, row3 = row2 + rowPitch;
      const x1 = pixelPitch, x2 = x1 + x1, x3 = x2 + x1;
      transformRow<E>(
        minus<E>(v128.load(row0), v128.load(row2)), minus<E>(v128.load(row0 + x1), v128.load(row2 + x1)),
        minus<E>(v128.load(row0 + x2), v128.load(row2 + x2)), minus<E>(v128.load(row0 + x3), v128.load(row2 + x3)),
        to, pitch, offset, offset);
      transformRow<E>(
        plus<E>(v128.load(row1), v128.load(row2)), plus<E>(v128.load(row1 + x1), v128.load(row2 + x1)),
        plus<E>(v128.load(row1 + x2), v128.load(row2 + x2)), plus<E>(v128.load(row1 + x3), v128.load(row2 + x3)),
        to + 4 * pitch, pitch, offset, zero);
      transformRow<E>(
        minus<E>(v128.load(row2), v128.load(row1)), minus<E>(v128.load(row2 + x1), v128.load(row1 + x1)),
        minus<E>(v128.load(row2 + x2), v128.load(row1 + x2)), minus<E>(v128.load(row2 + x3), v128.load(row1 + x3)),
        to + 8 * pitch, pitch, offset, offset);
      transformRow<E>(
        minus<E>(v128.load(row1), v128.load(row3)), minus<E>(v128.load(row1 + x1), v128.load(row3 + x1)),
        minus<E>(v128.load(row1 + x2), v128.load(row3 + x2)), minus<E>(v128.load(row1 + x3), v128.load(row3 + x3)),
        to + 12 * pitch, pitch, offset, offset);
      row0 += 16;
      to += 16;
      bytes -= 16;
    } while (bytes > 0);
    source += 4;
    target += task.tilePitch;
  } while (--count);
}

/** Aᵀ·M·A for `count` tiles: products int32[16][16][8] → sums int32[4 phases][16 tiles][8]. */
function transformOutput(products: usize, sums: usize, count: i32): void {
  let halves = count << 1;
  do {
    const m = products;
    // Row sums for the two output rows, one position column at a time (a position is 512 bytes).
    const a0 = i32x4.add(i32x4.add(v128.load(m, 0), v128.load(m, 2048)), v128.load(m, 4096));
    const b0 = i32x4.sub(i32x4.sub(v128.load(m, 2048), v128.load(m, 4096)), v128.load(m, 6144));
    const a1 = i32x4.add(i32x4.add(v128.load(m, 512), v128.load(m, 2560)), v128.load(m, 4608));
    const b1 = i32x4.sub(i32x4.sub(v128.load(m, 2560), v128.load(m, 4608)), v128.load(m, 6656));
    const a2 = i32x4.add(i32x4.add(v128.load(m, 1024), v128.load(m, 3072)), v128.load(m, 5120));
    const b2 = i32x4.sub(i32x4.sub(v128.load(m, 3072), v128.load(m, 5120)), v128.load(m, 7168));
    const a3 = i32x4.add(i32x4.add(v128.load(m, 1536), v128.load(m, 3584)), v128.load(m, 5632));
    const b3 = i32x4.sub(i32x4.sub(v128.load(m, 3584), v128.load(m, 5632)), v128.load(m, 7680));
    v128.store(sums, i32x4.add(i32x4.add(a0, a1), a2));
    v128.store(sums, i32x4.sub(i32x4.sub(a1, a2), a3), 512);
    v128.store(sums, i32x4.add(i32x4.add(b0, b1), b2), 1024);
    v128.store(sums, i32x4.sub(i32x4.sub(b1, b2), b3), 1536);
    products += 16;
    sums += 16;
  } while (--halves);
}

/** Output pixels are listed group by group of sixteen tiles, then by phase (2·row + column), then by tile. */
export function winograd<Product, E>(task: WinogradTask): void {
  const offset = sizeof<E>() == 1 ? i8x16.splat(<i8>task.shift) : i16x8.splat(<i16>task.shift);
  const gemm = task.gemm;
  const pitch = <usize>task.positionPitch;
  const positionWeights = <usize>gemm.blockPitch >> 4;
  for (let chunk = 0; chunk < task.tiles; chunk += task.chunk) {
    const tiles = min(task.chunk, task.tiles - chunk);
    transformInput<E>(task, chunk, tiles, offset);
    for (let block = 0; block < gemm.blocks; block++) {
      for (let tile = 0; tile < tiles; tile += GROUP) {
        const count = min(GROUP, tiles - tile);
        let input = task.transformed;
        let weights = gemm.weights + <usize>(block * gemm.blockPitch);
        const offsets = gemm.inputPixels + (<usize>tile << 2);
        let initial = gemm.initial + <usize>(block * (gemm.segmentCount << 9));
        for (let position = 0; position < 16; position++) {
          changetype<Product>(0).accumulate(gemm, input, offsets, count, weights, initial, task.products + <usize>(position << 9));
          input += pitch;
          weights += positionWeights;
          initial += <usize>(gemm.segmentCount << 5);
        }
        transformOutput(task.products, gemm.sums, count);
        for (let phase = 0; phase < 4; phase++)
          requantize(gemm.output, block, phase, ((chunk + tile) << 2) + (phase << 4), count, gemm.sums + <usize>(phase << 9));
      }
    }
  }
}
