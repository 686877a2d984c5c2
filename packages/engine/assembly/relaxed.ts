/** Kernels on bytes, for machines with relaxed SIMD. The plain module uses the same memory. */
import { convolve } from "./conv";
import { depthwiseColumns } from "./depthwise-columns";
import { Quads } from "./depthwise-fused";
import { logits } from "./logits";
import { Fused, FusedSigned } from "./products-fused";
import { Dot8, Dot8Wide } from "./products-relaxed";
import { ConvTask, DepthwiseTask, LogitsTask, WinogradTask } from "./tasks";
import { winograd } from "./winograd";

export function convR4(task: ConvTask): void { convolve<Dot8>(task); }
export function convR8(task: ConvTask): void { convolve<Dot8Wide>(task); }
export function winogradR4(task: WinogradTask): void { winograd<Dot8, u8>(task); }
export function logitsR4(task: LogitsTask): void { logits<Dot8>(task); }
export function logitsR8(task: LogitsTask): void { logits<Dot8Wide>(task); }

export function convF8(task: ConvTask): void { convolve<Fused>(task); }
export function convS8(task: ConvTask): void { convolve<FusedSigned>(task); }
export function winogradF8(task: WinogradTask): void { winograd<Fused, u8>(task); }
export function winogradS8(task: WinogradTask): void { winograd<FusedSigned, u8>(task); }
export function logitsF8(task: LogitsTask): void { logits<Fused>(task); }
export function logitsS8(task: LogitsTask): void { logits<FusedSigned>(task); }
export function depthwiseF8Columns(task: DepthwiseTask): void { depthwiseColumns<u8, Quads<u8>>(task); }
export function depthwiseS8Columns(task: DepthwiseTask): void { depthwiseColumns<u8, Quads<i8>>(task); }
