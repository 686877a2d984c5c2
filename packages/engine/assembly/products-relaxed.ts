/**
 * Products of bytes by the relaxed dot instruction. Its result is the same on every engine, because the second operand, the
 * activations, stays within 0…127 and pair sums within int16.
 */
import { accumulate } from "./accumulate";
import { ConvTask } from "./tasks";

/**
 * int16 sums in four channels × two halves. They are widened at the end of a segment for which the host has proved that they
 * cannot overflow. They start where their range is centred; the host subtracts the starts in the bias.
 */
@unmanaged export class Dot8 {
  // @ts-ignore: decorator
  @inline start(initial: usize): v128 { return v128.load(initial); }
  // @ts-ignore: decorator
  @inline mac(sum: v128, w: v128, x: v128): v128 { return i16x8.add(sum, i16x8.relaxed_dot_i8x16_i7x16_s(w, x)); }
  // @ts-ignore: decorator
  @inline widen(sum: v128): v128 { return i32x4.dot_i16x8_s(sum, i16x8.splat(1)); }
  // @ts-ignore: decorator
  @inline accumulate(task: ConvTask, input: usize, pixels: usize, count: i32, weights: usize, initial: usize, sums: usize): void {
    accumulate<Dot8>(task, input, pixels, count, weights, initial, sums);
  }
}

/** Widens each pair of products at once, for codes whose sums would soon exceed int16. */
@unmanaged export class Dot8Wide {
  // @ts-ignore: decorator
  @inline start(initial: usize): v128 { return i32x4.splat(0); }
  // @ts-ignore: decorator
  @inline mac(sum: v128, w: v128, x: v128): v128 {
    return i32x4.add(sum, i32x4.dot_i16x8_s(i16x8.relaxed_dot_i8x16_i7x16_s(w, x), i16x8.splat(1)));
  }
  // @ts-ignore: decorator
  @inline widen(sum: v128): v128 { return sum; }
  // @ts-ignore: decorator
  @inline accumulate(task: ConvTask, input: usize, pixels: usize, count: i32, weights: usize, initial: usize, sums: usize): void {
    accumulate<Dot8Wide>(task, input, pixels, count, weights, initial, sums);
  }
}
