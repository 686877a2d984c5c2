/** The module of machines with relaxed SIMD: all of the plain one, and the kernels on bytes. */
import { convolve } from "./conv";
import { Dot8, Dot8Wide } from "./products-relaxed";
import { ConvTask, WinogradTask } from "./tasks";
import { winograd } from "./winograd";

export * from "./plain";

export function convR4(task: ConvTask): void { convolve<Dot8>(task); }
export function convR8(task: ConvTask): void { convolve<Dot8Wide>(task); }

/** `shift` brings transformed activations into 0…127: 2·(2^bits − 1). */
export function winogradR4(task: WinogradTask): void {
  winograd<Dot8, u8>(task, i8x16.splat(<i8>task.shift));
}
