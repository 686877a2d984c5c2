/**
 * Task records: the arguments of one kernel call. The host writes them to memory before the first run.
 *
 * Every field is four bytes wide, in declaration order. `scripts/build-wasm.mjs` reads this file and generates the same layouts
 * for TypeScript, so both sides agree. Addresses and pitches are in bytes; counts are in elements.
 */

/** The treatment of finished sums: requantization, residual addition, and an optional second output of another bit width. */
@unmanaged export class OutputTask {
  /** The specialization of `requantize`: element sizes (0 none, 1, 2) of residual, output and copy as base-3 digits. */
  variant: i32;
  /** Whether |v| is proved to stay below 2^22 before it is clamped. */
  isBounded: i32;
  /** First element of pixel (0, 0). */
  output: usize;
  /** i32 byte offset of each pixel. */
  outputPixels: usize;
  zeroPoint: i32;
  /** Clamp bounds on codes. */
  lo: i32;
  hi: i32;
  residual: usize;
  residualPixels: usize;
  residualZeroPoint: i32;
  /** m_r = fround(s_r / s_y). */
  residualMultiplier: f32;
  copy: usize;
  copyPixels: usize;
  copyZeroPoint: i32;
  copyLo: i32;
  copyHi: i32;
  copyMultiplier: f32;
  /** One record per block of eight channels: float32[8] multipliers, then int32[8] bias per phase. */
  parameters: usize;
  parameterPitch: i32;
  /** Blocks of eight channels in the output. */
  blocks: i32;
}

/** A direct convolution: for each block of output channels, a sequence of runs over contiguous input bytes. */
@unmanaged export class ConvTask {
  input: usize;
  /** i32 byte offset of each output pixel's window in the input; the last one is repeated up to a multiple of four. */
  inputPixels: usize;
  pixels: i32;
  weights: usize;
  /** Bytes of packed weights per block of channels. */
  blockPitch: i32;
  blocks: i32;
  /** i32 byte offset of each block's first input channel (groups). */
  blockInputs: usize;
  /** Pairs of i32 (byte offset from the window's first element, steps of four bytes). */
  runs: usize;
  /** Pairs of i32 (number of runs, bytes of weights). */
  segments: usize;
  segmentCount: i32;
  /** Starts of byte sums: int16[2 × 8] per segment of each block (and position). */
  initial: usize;
  /** Bits of the low field, if two weights share a lane. */
  fieldBits: i32;
  /** Signed products: −128 to flip the top bit of every activation, or 0. */
  flip: i32;
  /** Fused products: whether V8 joins pairs of vectors to 256 bits. */
  isWide: i32;
  /** int32 sums of `PANEL` pixels × 8 channels. */
  sums: usize;
  output: OutputTask;
}

/** Winograd F(2×2, 3×3), or F(4×4, 3×3) in brackets: `gemm` holds the 16 [36] products of a tile. */
@unmanaged export class WinogradTask {
  gemm: ConvTask;
  /** Window of the first tile. */
  input: usize;
  /** Bytes from one input row to the next, and from one pixel to the next. */
  rowPitch: i32;
  pixelPitch: i32;
  /** i32 byte offset of each tile's 4×4 [6×6] window. */
  tileInputs: usize;
  tiles: i32;
  /** Number of tiles that are transformed together. */
  chunk: i32;
  /** Transformed input [16 or 36][chunk][channels]. */
  transformed: usize;
  /** Bytes of one tile's channels at one position, a multiple of 16; then of all tiles of the chunk. */
  tilePitch: i32;
  positionPitch: i32;
  /**
   * Added to transformed elements, except at position (1, 1): 2·(2^bits − 1), so that bytes lie in 0…127; 0 for
   * 16-bit elements.
   */
  shift: i32;
  /** Sums of all positions, int32[16][16 tiles][8] [int32[36][8 tiles][8], and 576 bytes of scratch]. */
  products: usize;
}

/** Depthwise convolution: one filter per channel, eight channels per vector. */
@unmanaged export class DepthwiseTask {
  input: usize;
  inputPixels: usize;
  pixels: i32;
  /** i32 byte offset of each tap. */
  taps: usize;
  tapCount: i32;
  /**
   * For columns: bytes from one column to the next, columns from one output to the next, outputs per row, column of the first.
   */
  columnPitch: i32;
  stride: i32;
  width: i32;
  column: i32;
  weights: usize;
  blockPitch: i32;
  blocks: i32;
  sums: usize;
  output: OutputTask;
}

/** Float32 logits of a linear layer (rule 10). */
@unmanaged export class LogitsTask {
  gemm: ConvTask;
  output: usize;
  /** As in `OutputTask`, for one phase. */
  parameters: usize;
  parameterPitch: i32;
}

/** Pooling over windows clipped to the image. */
@unmanaged export class PoolTask {
  input: usize;
  /** Element sizes, 1 or 2. */
  inputBytes: i32;
  outputBytes: i32;
  height: i32;
  width: i32;
  rowPitch: i32;
  pixelPitch: i32;
  output: usize;
  outputHeight: i32;
  outputWidth: i32;
  outputRowPitch: i32;
  outputPixelPitch: i32;
  kernelHeight: i32;
  kernelWidth: i32;
  strideHeight: i32;
  strideWidth: i32;
  padTop: i32;
  padLeft: i32;
  dilationHeight: i32;
  dilationWidth: i32;
  /** Blocks of eight channels. */
  blocks: i32;
  /** Averages only: zero points, bounds, and fround(fround(s_x / s_y) / n) for each output pixel. */
  inputZeroPoint: i32;
  zeroPoint: i32;
  lo: i32;
  hi: i32;
  multipliers: usize;
}

/** Elementwise work on pixels of one or two stored tensors. */
@unmanaged export class MapTask {
  first: usize;
  firstPixels: usize;
  firstBytes: i32;
  firstZeroPoint: i32;
  firstMultiplier: f32;
  /** Zero if the operator has one operand. */
  second: usize;
  secondPixels: usize;
  secondBytes: i32;
  secondZeroPoint: i32;
  secondMultiplier: f32;
  output: usize;
  outputPixels: usize;
  outputBytes: i32;
  zeroPoint: i32;
  lo: i32;
  hi: i32;
  pixels: i32;
  /** Elements per pixel. */
  channels: i32;
  /** 256 codes per table, and the bytes to the next channel's table; 0 if all channels share one table. */
  table: usize;
  tablePitch: i32;
}

/** Writes the border of a padded tensor. */
@unmanaged export class BorderTask {
  /** First byte of the tensor's buffer. */
  buffer: usize;
  elementBytes: i32;
  /** Bytes before pixel (0, 0), per row of pixels, between rows, and after the last row. */
  head: i32;
  row: i32;
  gap: i32;
  tail: i32;
  height: i32;
  value: i32;
}

/** Image bytes to codes (rule 8). */
@unmanaged export class InputTask {
  bytes: usize;
  tables: usize;
  output: usize;
  outputBytes: i32;
  outputPixelPitch: i32;
  outputRowPitch: i32;
  height: i32;
  width: i32;
  channels: i32;
}

/** Codes moved one by one: output[outputOffsets[i]] = input[inputOffsets[i]]. */
@unmanaged export class GatherTask {
  input: usize;
  inputOffsets: usize;
  inputBytes: i32;
  output: usize;
  outputOffsets: usize;
  outputBytes: i32;
  count: i32;
}

/** float32 values of a stored tensor, in the order of `offsets`. */
@unmanaged export class DequantizeTask {
  input: usize;
  offsets: usize;
  inputBytes: i32;
  zeroPoint: i32;
  scale: f32;
  output: usize;
  count: i32;
}
