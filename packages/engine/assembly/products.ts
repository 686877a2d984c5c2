/**
 * The products of one step of the 4×2 tile. Every 32-bit lane of `x` holds the same four bytes of one pixel; `w` holds
 * sixteen bytes of packed weights, for four channels. Instances have no state; they only choose code at compile time.
 */
import { accumulate } from "./accumulate";
import { ConvTask } from "./tasks";

/** Two 16-bit activations by two 16-bit weights with int32 sums: exact for every bit width. */
@unmanaged export class Dot16 {
  // @ts-ignore: decorator
  @inline start(initial: usize): v128 { return i32x4.splat(0); }
  // @ts-ignore: decorator
  @inline mac(sum: v128, w: v128, x: v128): v128 { return i32x4.add(sum, i32x4.dot_i16x8_s(x, w)); }
  // @ts-ignore: decorator
  @inline widen(sum: v128): v128 { return sum; }
  // @ts-ignore: decorator
  @inline accumulate(task: ConvTask, input: usize, pixels: usize, count: i32, weights: usize, initial: usize, sums: usize): void {
    accumulate<Dot16>(task, input, pixels, count, weights, initial, sums);
  }
}
