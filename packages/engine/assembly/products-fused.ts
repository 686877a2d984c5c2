/**
 * Products of bytes that one relaxed instruction sums in int32: a processor with `vpdpbusd` or `sdot` needs one instruction for
 * sixteen products. No sum can overflow, so nothing is flushed.
 *
 * If activations, the second operand, have at most 7 bits, the result is the same on every engine. For larger bytes, `probe.ts`
 * finds out what the instruction does. If it reads them as unsigned, they are used as they are. If it reads them as signed,
 * they are reduced by 128, and the host corrects the sum in the bias.
 */
import { accumulateFused } from "./accumulate-fused";
import { accumulateSigned } from "./accumulate-signed";
import { accumulateWide } from "./accumulate-wide";
import { ConvTask } from "./tasks";

@unmanaged export class Fused {
  // @ts-ignore: decorator
  @inline accumulate(task: ConvTask, input: usize, pixels: usize, count: i32, weights: usize, initial: usize, sums: usize): void {
    if (task.isWide) accumulateWide(task, input, pixels, count, weights, sums);
    else accumulateFused(task, input, pixels, count, weights, sums);
  }
}

/**
 * For processors that read activations as signed bytes. An activation x is multiplied as x − 128, or as x itself if it is never above 127
 * (`flip` of the task).
 */
@unmanaged export class FusedSigned {
  // @ts-ignore: decorator
  @inline accumulate(task: ConvTask, input: usize, pixels: usize, count: i32, weights: usize, initial: usize, sums: usize): void {
    accumulateSigned(task, input, pixels, count, weights, sums);
  }
}
