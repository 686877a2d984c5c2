/**
 * Products of bytes that are summed in int32 by one relaxed instruction: a processor with `vpdpbusd` or `sdot` takes one for
 * sixteen products. No sum can overflow on the way, so nothing is flushed.
 *
 * Activations of at most 7 bits, the second operand, give the same on every engine. What the instruction makes of larger bytes is
 * probed (`probe.ts`): where they count as unsigned they are taken as they are; where as signed, 128 less, which the host puts
 * right by the bias.
 */
import { accumulateFused } from "./accumulate-fused";
import { ConvTask } from "./tasks";

@unmanaged export class Fused {
  // @ts-ignore: decorator
  @inline load(x: usize, flip: v128): v128 { return v128.load32_splat(x); }
  // @ts-ignore: decorator
  @inline accumulate(task: ConvTask, input: usize, pixels: usize, count: i32, weights: usize, initial: usize, sums: usize): void {
    accumulateFused<Fused>(task, input, pixels, count, weights, sums);
  }
}

/** x − 128 as a signed byte. */
@unmanaged export class FusedSigned {
  // @ts-ignore: decorator
  @inline load(x: usize, flip: v128): v128 { return v128.xor(v128.load32_splat(x), flip); }
  // @ts-ignore: decorator
  @inline accumulate(task: ConvTask, input: usize, pixels: usize, count: i32, weights: usize, initial: usize, sums: usize): void {
    accumulateFused<FusedSigned>(task, input, pixels, count, weights, sums);
  }
}
