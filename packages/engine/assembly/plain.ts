/** The module for every machine with WebAssembly SIMD. */
import { convolve, convolvePacked } from "./conv";
import { logits } from "./logits";
import { Dot16 } from "./products";
import { ConvTask, LogitsTask, WinogradTask } from "./tasks";
import { winograd } from "./winograd";

export * from "./codes";
export { centre, cut } from "./cut";
export * from "./depthwise";
export * from "./map";
export { filterSums, fold, packBytes, packPairs, packTaps, packWords, parameters, pixelOffsets } from "./pack";
export { packWinograd4Words, packWinogradBytes, packWinogradWords } from "./pack-winograd";
export * from "./pool";
export { unpack } from "./unpack";
export { winograd4D8 } from "./winograd4";

export function convD8(task: ConvTask): void { convolve<Dot16>(task); }
export function convP4(task: ConvTask): void { convolvePacked(task); }
export function winogradD8(task: WinogradTask): void { winograd<Dot16, i16>(task); }
export function logitsD8(task: LogitsTask): void { logits<Dot16>(task); }
