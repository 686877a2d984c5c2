/**
 * Weights in the order in which the inner loops read them, packed once at load: 32 bytes for each step of each block of output
 * channels. A vector of 16 bytes holds four channels × four bytes, or four channels × two int16. If two weights share a lane,
 * it holds eight channels × two int16: the low fields belong to the first four, the high fields to the other four.
 */
import { FilterSumsTask, PackTask } from "./load-tasks";

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

/** Expects zeroed memory; the bytes between taps and after the last filter stay zero. */
function pack<Code>(task: PackTask, blockSize: i32): void {
  for (let output = 0; output < task.outputs; output++) {
    const block = output / blockSize;
    const inBlock = output % blockSize;
    const first = load<i32>(task.blockInputs + (<usize>block << 2)) / <i32>sizeof<Code>() - (output / task.groupOutputs) * task.inputs;
    const target = task.target + <usize>(block * task.blockPitch);
    if (blockSize == 8) packFilter<Code>(task, output, first, target + <usize>(inBlock << 2), 0);
    else packFilter<Code>(task, output, first, target + <usize>(((inBlock >> 3) << 4) + ((inBlock & 3) << 2)), inBlock & 4 ? task.fieldBits : 0);
  }
}

export function packBytes(task: PackTask): void { pack<i8>(task, 8); }
export function packWords(task: PackTask): void { pack<i16>(task, 8); }
export function packPairs(task: PackTask): void { pack<i16>(task, 16); }

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

// @ts-ignore: decorator
@inline function lanes(v: v128): i32 {
  return i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3);
}
