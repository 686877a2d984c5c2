/** Task records of kernels that run once, while a model is loaded: filters are unpacked, summed and put in order. See `tasks.ts`. */

/** Load time: unpacks rows of `length` codes of `bits` bits to int8[rows][length]. */
@unmanaged export class UnpackTask {
  packed: usize;
  bits: i32;
  rows: i32;
  length: i32;
  codes: usize;
}

/** Load time: brings filters [outputs][inputs][taps] of int8 codes into the order of the inner loops. */
@unmanaged export class PackTask {
  /** Address of the codes of filter 0. If only later filters are in memory, it is counted back from theirs. */
  codes: usize;
  /** Filters to pack: from `firstOutput` up to `outputs`. */
  firstOutput: i32;
  outputs: i32;
  inputs: i32;
  taps: i32;
  /** Output channels of each group. */
  groupOutputs: i32;
  /** As in `ConvTask`. */
  blockInputs: usize;
  /** Rows of contiguous input, taps per row, elements between taps, channels per tap, elements of a padded row. */
  rows: i32;
  rowTaps: i32;
  stride: i32;
  span: i32;
  rowElements: i32;
  fieldBits: i32;
  target: usize;
  blockPitch: i32;
}

/** Load time: brings depthwise filters [channels][taps] of int8 codes into the order of a kernel, in blocks of eight channels. */
@unmanaged export class PackTapsTask {
  codes: usize;
  channels: i32;
  taps: i32;
  /** int32[taps]: byte offset of each tap of a block's first channel. */
  places: usize;
  channelPitch: i32;
  /** Bytes of a packed weight, 1 or 2. */
  elementBytes: i32;
  target: usize;
  blockPitch: i32;
}

/** Load time: sums over filters of `length` codes. */
@unmanaged export class FilterSumsTask {
  codes: usize;
  outputs: i32;
  length: i32;
  /** Both are int32[outputs]. */
  sums: usize;
  magnitudes: usize;
  /** int8[16] lowest, then int8[16] highest; the extremes over all lanes are those of the codes. */
  range: usize;
}

/** Load time: bias and multipliers of `outputs` channels, in place of biases and scales of weights. */
@unmanaged export class FoldTask {
  outputs: i32;
  /** int32[outputs], also Σw and Σ|w|. */
  bias: usize;
  sums: usize;
  magnitudes: usize;
  /** Of the input, and its largest code. */
  zeroPoint: i32;
  highest: i32;
  /** float32[outputs]. */
  scales: usize;
  inputScale: f32;
  outputScale: f32;
}

/** Load time: puts multipliers and biases in the order of epilogues, for each eight channels float32[8], then int32[phases][8]. */
@unmanaged export class ParametersTask {
  outputs: i32;
  /** float32[outputs], and their factor. */
  multipliers: usize;
  factor: f32;
  /** int32[phases][outputs]. */
  biases: usize;
  phases: i32;
  /** Zeroed memory. */
  target: usize;
}

/** Load time: offsets of `height` × `width` pixels; the last one is repeated up to a multiple of four. */
@unmanaged export class OffsetsTask {
  height: i32;
  width: i32;
  /** Offset of the first pixel, and distances of the next row and column. */
  first: i32;
  rowPitch: i32;
  columnPitch: i32;
  target: usize;
}

/** Load time: transforms filters [outputs][inputs][3][3]. Only byte kernels need `totals` and `largest`. */
@unmanaged export class PackWinogradTask {
  codes: usize;
  outputs: i32;
  inputs: i32;
  target: usize;
  /** Bytes of one position in a block. */
  positionPitch: i32;
  /** int32[outputs][16]: Σ over inputs of U. */
  totals: usize;
  /** int16[8]: the largest |U|. */
  largest: usize;
  /** 32 bytes per position (one step of all positions), and nine vectors, one per tap. */
  step: usize;
}

/**
 * Load time: the ends of pieces of `steps` steps within which no lane exceeds its bounds, for weights [groups][steps][32
 * bytes].
 */
@unmanaged export class CutTask {
  weights: usize;
  groups: i32;
  steps: i32;
  /** Largest Σ|w| of an int16 lane of byte products; for low fields, the bounds on Σ(w>0) and Σ|w<0|. */
  magnitude: i32;
  most: i32;
  least: i32;
  /** 0 for int16 lanes; else the bits of the low field of 32-bit lanes. */
  fieldBits: i32;
  /** 64 bytes per group. */
  state: usize;
  /** int32[steps]. */
  cuts: usize;
}

/** Load time: the start of each int16 lane in each piece, int16[groups][pieces][16] = −trunc(a·Σw / 2). */
@unmanaged export class CentreTask {
  weights: usize;
  groups: i32;
  steps: i32;
  /** int32[pieces]: the ends of pieces. */
  cuts: usize;
  pieces: i32;
  /** Largest activation a. */
  highest: i32;
  initial: usize;
}
