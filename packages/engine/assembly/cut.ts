/**
 * Proofs that narrow sums do not overflow, on the packed weights, the very bytes that the kernels multiply. With activations in
 * 0…a every partial sum of Σ w·x lies in [−a·Σ|w<0|, a·Σ(w>0)], whatever its order: a piece of a sum is safe while both stay
 * within a lane's bounds. Pieces are cut greedily, before the first step that would leave them, which makes the fewest.
 */
import { CutTask } from "./tasks";

/** Adds step `step` of every group to its lanes' Σ(w>0) and Σ(w<0). @returns whether all stay within bounds */
function advanceBytes(task: CutTask, step: i32): bool {
  const most = i16x8.splat(<i16>task.most), least = i16x8.splat(<i16>-task.least);
  const zero = i32x4.splat(0);
  const pitch = <usize>task.steps << 5;
  let weights = task.weights + (<usize>step << 5);
  let state = task.state;
  let outside = zero;
  for (let group = task.groups; group > 0; group--) {
    for (let half = 0; half < 32; half += 16) {
      const w = v128.load(weights + half);
      // A lane of the relaxed dot product sums the products of two neighbouring bytes.
      const positive = i16x8.add_sat_s(v128.load(state), i16x8.extadd_pairwise_i8x16_s(i8x16.max_s(w, zero)));
      const negative = i16x8.add_sat_s(v128.load(state, 16), i16x8.extadd_pairwise_i8x16_s(i8x16.min_s(w, zero)));
      v128.store(state, positive);
      v128.store(state, negative, 16);
      outside = v128.or(outside, v128.or(i16x8.gt_s(positive, most), i16x8.lt_s(negative, least)));
      state += 32;
    }
    weights += pitch;
  }
  return !v128.any_true(outside);
}

/** The same for the low fields of lanes that two weights share: both int16 of a 32-bit lane count. */
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

/** Writes the end of each piece, in steps. @returns the number of pieces, 0 where a single step leaves the bounds */
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
