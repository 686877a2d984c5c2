/**
 * Proofs that narrow sums do not overflow, computed on the packed weights that the kernels multiply. With activations in 0…a,
 * every partial sum of Σ w·x lies in [−a·Σ|w<0|, a·Σ(w>0)], in any order of additions. Sums of bytes may start at any value, so
 * only the length of that interval, a·Σ|w|, must fit. Low fields start at 0, so both ends must fit. Sums are cut before the
 * first step that would exceed the bounds; this greedy choice gives the fewest pieces.
 */
import { CentreTask, CutTask } from "./load-tasks";

/**
 * Adds step `step` of every group to its lanes' Σ|w|.
 *
 * @returns whether all lanes stay within bounds
 */
function advanceBytes(task: CutTask, step: i32): bool {
  const most = i16x8.splat(<i16>task.magnitude);
  const pitch = <usize>task.steps << 5;
  let weights = task.weights + (<usize>step << 5);
  let state = task.state;
  let outside = i16x8.splat(0);
  for (let group = task.groups; group > 0; group--) {
    for (let half = 0; half < 32; half += 16) {
      // A lane of the relaxed dot product sums the products of two neighbouring bytes; |−128| is 128 as an unsigned byte.
      const pair = i16x8.extadd_pairwise_i8x16_u(i8x16.abs(v128.load(weights + half)));
      const magnitude = i16x8.add_sat_s(v128.load(state), pair);
      v128.store(state, magnitude);
      outside = v128.or(outside, i16x8.gt_s(magnitude, most));
      state += 16;
    }
    weights += pitch;
  }
  return !v128.any_true(outside);
}

/** The same with Σ(w>0) and Σ(w<0), for the low fields of lanes that two weights share; both int16 of a 32-bit lane count. */
function advanceField(task: CutTask, step: i32): bool {
  const most = i32x4.splat(task.most), least = i32x4.splat(-task.least);
  const unused = 16 - task.fieldBits;
  const zero = i32x4.splat(0);
  const pitch = <usize>task.steps << 5;
  let weights = task.weights + (<usize>step << 5);
  let state = task.state;
  let outside = zero;
  for (let group = task.groups; group > 0; group--) {
    for (let half = 0; half < 32; half += 16) {
      const w = i16x8.shr_s(i16x8.shl(v128.load(weights + half), unused), unused);
      const positive = i32x4.add(v128.load(state), i32x4.extadd_pairwise_i16x8_s(i16x8.max_s(w, zero)));
      const negative = i32x4.add(v128.load(state, 16), i32x4.extadd_pairwise_i16x8_s(i16x8.min_s(w, zero)));
      v128.store(state, positive);
      v128.store(state, negative, 16);
      outside = v128.or(outside, v128.or(i32x4.gt_s(positive, most), i32x4.lt_s(negative, least)));
      state += 32;
    }
    weights += pitch;
  }
  return !v128.any_true(outside);
}

// @ts-ignore: decorator
@inline function advance(task: CutTask, step: i32): bool {
  return task.fieldBits == 0 ? advanceBytes(task, step) : advanceField(task, step);
}

/**
 * Writes the end of each piece, in steps.
 *
 * @returns the number of pieces; 0 if a single step exceeds the bounds
 */
export function cut(task: CutTask): i32 {
  const stateBytes = <usize>task.groups << 6;
  let count = 0;
  let start = 0;
  memory.fill(task.state, 0, stateBytes);
  for (let step = 0; step < task.steps; step++) {
    if (advance(task, step)) continue;
    if (step == start) return 0;
    store<i32>(task.cuts + (<usize>count << 2), step);
    count++;
    start = step--; // taken again, as the first step of the next piece
    memory.fill(task.state, 0, stateBytes);
  }
  store<i32>(task.cuts + (<usize>count << 2), task.steps);
  return count + 1;
}

/** Computes starts of int16 lanes that centre their range, from −a·Σ|w| / 2 to a·Σ|w| / 2. */
export function centre(task: CentreTask): void {
  let weights = task.weights;
  let to = task.initial;
  for (let group = task.groups; group > 0; group--) {
    let step = 0;
    for (let piece = 0; piece < task.pieces; piece++) {
      let low = i16x8.splat(0), high = i16x8.splat(0);
      const end = load<i32>(task.cuts + (<usize>piece << 2));
      for (; step < end; step++) {
        low = i16x8.add(low, i16x8.extadd_pairwise_i8x16_s(v128.load(weights)));
        high = i16x8.add(high, i16x8.extadd_pairwise_i8x16_s(v128.load(weights, 16)));
        weights += 32;
      }
      v128.store(to, low);
      v128.store(to, high, 16);
      for (let lane = 0; lane < 32; lane += 2) {
        const at = to + lane;
        store<i16>(at, <i16>-((task.highest * <i32>load<i16>(at)) / 2));
      }
      to += 32;
    }
  }
}
