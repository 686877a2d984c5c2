/**
 * Weights in the order in which the inner loops read them, packed once at load: 32 bytes for each step of each block of output
 * channels. A vector of 16 bytes holds four channels × four bytes, or four channels × two int16. If two weights share a lane,
 * it holds eight channels × two int16: the low fields belong to the first four, the high fields to the other four.
 */
import { FilterSumsTask, FoldTask, OffsetsTask, PackTapsTask, PackTask, ParametersTask } from "./load-tasks";

/**
 * Packs one filter. `Code` is the type of a packed element; `fieldShift` moves it into the high field.
 * @param first  the filter's input that is the block's first channel; outside 0…inputs if the block also reads other groups
 */
function packFilter<Code>(task: PackTask, output: i32, first: i32, target: usize, fieldShift: i32): void {
  const length = task.inputs * task.taps;
  const shift = sizeof<Code>() == 1 ? 2 : 1; // elements of a step
  const filter = task.codes + <usize>(output * length);
  const from = max(0, -first), to = min(task.span, task.inputs - first);
  let tap = 0;
  for (let row = 0; row < task.rows; row++) {
    let element = row * task.rowElements;
    for (let i = 0; i < task.rowTaps; i++) {
      let code = filter + (first + from) * task.taps + tap;
      for (let e = element + from; e < element + to; e++) {
        const at = target + <usize>((e >> shift) << 5) + <usize>(e & ((1 << shift) - 1)) * sizeof<Code>();
        if (fieldShift == 0) store<Code>(at, <Code>load<i8>(code));
        else store<Code>(at, load<Code>(at) + <Code>(<i32>load<i8>(code) << fieldShift));
        code += task.taps;
      }
      element += task.stride;
      tap++;
    }
  }
}

/** Packs one filter of one tap whose block reads all of its inputs: a step is consecutive codes. */
function packSteps<Code>(task: PackTask, output: i32, target: usize): void {
  let code = task.codes + <usize>(output * task.inputs);
  const end = code + task.inputs;
  const step: usize = sizeof<Code>() == 1 ? 4 : 2;
  for (; code + 4 * step <= end; code += 4 * step) {
    const steps = sizeof<Code>() == 1 ? v128.load(code) : v128.load8x8_s(code);
    v128.store_lane<i32>(target, steps, 0);
    v128.store_lane<i32>(target, steps, 1, 32);
    v128.store_lane<i32>(target, steps, 2, 64);
    v128.store_lane<i32>(target, steps, 3, 96);
    target += 128;
  }
  for (let i: usize = 0; code < end; i++) {
    store<Code>(target + ((i / step) << 5) + (i % step) * sizeof<Code>(), <Code>load<i8>(code));
    code++;
  }
}

/** Expects zeroed memory; the bytes between taps and after the last filter stay zero. */
function pack<Code>(task: PackTask, blockSize: i32): void {
  const isPlain = task.taps == 1 && task.span == task.inputs;
  for (let output = task.firstOutput; output < task.outputs; output++) {
    const block = output / blockSize;
    const inBlock = output % blockSize;
    const first = load<i32>(task.blockInputs + (<usize>block << 2)) / <i32>sizeof<Code>() - (output / task.groupOutputs) * task.inputs;
    const target = task.target + <usize>(block * task.blockPitch);
    if (blockSize == 8 && isPlain) packSteps<Code>(task, output, target + <usize>(inBlock << 2));
    else if (blockSize == 8) packFilter<Code>(task, output, first, target + <usize>(inBlock << 2), 0);
    else packFilter<Code>(task, output, first, target + <usize>(((inBlock >> 3) << 4) + ((inBlock & 3) << 2)), inBlock & 4 ? task.fieldBits : 0);
  }
}

export function packBytes(task: PackTask): void { pack<i8>(task, 8); }
export function packWords(task: PackTask): void { pack<i16>(task, 8); }
export function packPairs(task: PackTask): void { pack<i16>(task, 16); }

/** Expects zeroed memory; the bytes between taps and after the last channel stay zero. */
export function packTaps(task: PackTapsTask): void {
  let code = task.codes;
  for (let channel = 0; channel < task.channels; channel++) {
    const target = task.target + <usize>((channel >> 3) * task.blockPitch + (channel & 7) * task.channelPitch);
    for (let tap = 0; tap < task.taps; tap++) {
      const at = target + load<i32>(task.places + (<usize>tap << 2));
      if (task.elementBytes == 1) store<i8>(at, load<i8>(code));
      else store<i16>(at, load<i8>(code));
      code++;
    }
  }
}

/** Σw and Σ|w| of each filter as int32, and the lowest and highest code of all. */
export function filterSums(task: FilterSumsTask): void {
  let code = task.codes;
  let lowest = i8x16.splat(0), highest = i8x16.splat(0);
  for (let output = 0; output < task.outputs; output++) {
    let sum = i32x4.splat(0), magnitude = i32x4.splat(0);
    const end = code + task.length;
    for (; code + 16 <= end; code += 16) {
      const w = v128.load(code);
      lowest = i8x16.min_s(lowest, w);
      highest = i8x16.max_s(highest, w);
      sum = i32x4.add(sum, i32x4.extadd_pairwise_i16x8_s(i16x8.extadd_pairwise_i8x16_s(w)));
      // |−128| is 128 as an unsigned byte.
      magnitude = i32x4.add(magnitude, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(i8x16.abs(w))));
    }
    let s = lanes(sum), m = lanes(magnitude);
    for (; code < end; code++) {
      const w = <i32>load<i8>(code);
      lowest = i8x16.min_s(lowest, i8x16.splat(<i8>w));
      highest = i8x16.max_s(highest, i8x16.splat(<i8>w));
      s += w;
      m += abs(w);
    }
    store<i32>(task.sums + (<usize>output << 2), s);
    store<i32>(task.magnitudes + (<usize>output << 2), m);
  }
  v128.store(task.range, lowest);
  v128.store(task.range, highest, 16);
}

/** Half of the bound up to which the epilogue rounds without clamping first, so that no rounding of this proof matters. */
const BOUND: f32 = 2097152;

/**
 * Folds the zero point of the input into the bias (rule 3), and the scales into multipliers (rule 5), in place.
 * @returns whether no input takes |v| of rule 5 to the bound in any channel
 */
export function fold(task: FoldTask): i32 {
  let largest: f32 = 0;
  for (let at: usize = 0, end = <usize>task.outputs << 2; at < end; at += 4) {
    const scale = task.scales + at;
    const bias = load<i32>(task.bias + at) - task.zeroPoint * load<i32>(task.sums + at);
    const multiplier = (task.inputScale * load<f32>(scale)) / task.outputScale;
    store<i32>(task.bias + at, bias);
    store<f32>(scale, multiplier);
    largest = max(largest, (f32(task.highest) * f32(load<i32>(task.magnitudes + at)) + abs(f32(bias))) * multiplier);
  }
  return i32(largest < BOUND);
}

export function parameters(task: ParametersTask): void {
  const pitch = (1 + task.phases) << 5;
  for (let channel = 0; channel < task.outputs; channel++) {
    let at = task.target + <usize>((channel >> 3) * pitch + ((channel & 7) << 2));
    const index = <usize>channel << 2;
    store<f32>(at, load<f32>(task.multipliers + index) * task.factor);
    let bias = task.biases + index;
    for (let phase = task.phases; phase > 0; phase--) {
      at += 32;
      store<i32>(at, load<i32>(bias));
      bias += <usize>task.outputs << 2;
    }
  }
}

export function pixelOffsets(task: OffsetsTask): void {
  let at = task.target;
  let offset = 0;
  for (let y = 0; y < task.height; y++) {
    offset = task.first + y * task.rowPitch;
    for (let x = 0; x < task.width; x++) {
      store<i32>(at, offset + x * task.columnPitch);
      at += 4;
    }
  }
  offset += (task.width - 1) * task.columnPitch;
  for (let count = task.height * task.width; count & 3; count++) {
    store<i32>(at, offset);
    at += 4;
  }
}

// @ts-ignore: decorator
@inline function lanes(v: v128): i32 {
  return i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3);
}
