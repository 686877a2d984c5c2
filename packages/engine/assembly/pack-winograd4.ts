/** Filters of Winograd F(4×4, 3×3) (`winograd4.ts`): U = G·g·Gᵀ as [blocks][36 positions][steps][8 channels][2 int16]. */
import { PackWinogradTask } from "./tasks";

/** Codes a, a + 1, a + 2 of a filter, one row, in lanes 0–2. */
// @ts-ignore: decorator
@inline function row(g: v128, a: i8): v128 {
  return i16x8.extend_low_i8x16_s(i8x16.swizzle(g, i8x16(a, a + 1, a + 2, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16)));
}

/** (x, y, z) → (x, x + y + z, x − y + z, x + 2y + 4z, x − 2y + 4z, z). */
// @ts-ignore: decorator
@inline function transformColumns(t: v128): v128 {
  const x = v128.shuffle<i16>(t, t, 0, 0, 0, 0, 0, 2, 3, 3);
  const y = i16x8.mul(v128.shuffle<i16>(t, t, 1, 1, 1, 1, 1, 1, 3, 3), i16x8(0, 1, -1, 2, -2, 0, 0, 0));
  const z = i16x8.mul(v128.shuffle<i16>(t, t, 2, 2, 2, 2, 2, 2, 3, 3), i16x8(0, 1, 1, 4, 4, 0, 0, 0));
  return i16x8.add(x, i16x8.add(y, z));
}

/** One row of G·g: the six rows by index. */
// @ts-ignore: decorator
@inline function transformRows(g: v128, index: i32): v128 {
  const a = row(g, 0), b = row(g, 3), c = row(g, 6);
  if (index == 0) return a;
  if (index == 5) return c;
  const outer = index < 3 ? i16x8.add(a, c) : i16x8.add(a, i16x8.shl(c, 2));
  const inner = index < 3 ? b : i16x8.shl(b, 1);
  return index & 1 ? i16x8.add(outer, inner) : i16x8.sub(outer, inner);
}

/** Six positions of two inputs, side by side in 32-bit lanes, 32 bytes apart. */
// @ts-ignore: decorator
@inline function storeRow(g0: v128, g1: v128, index: i32, at: usize): void {
  const u0 = transformColumns(transformRows(g0, index)), u1 = transformColumns(transformRows(g1, index));
  const low = v128.shuffle<i16>(u0, u1, 0, 8, 1, 9, 2, 10, 3, 11);
  const high = v128.shuffle<i16>(u0, u1, 4, 12, 5, 13, 6, 14, 7, 15);
  v128.store32_lane(at, low, 0);
  v128.store32_lane(at, low, 1, 32);
  v128.store32_lane(at, low, 2, 64);
  v128.store32_lane(at, low, 3, 96);
  v128.store32_lane(at, high, 0, 128);
  v128.store32_lane(at, high, 1, 160);
}

/** One step of a block: up to eight filters over two inputs, put together in `task.step`, [36 positions][32 bytes]. */
function packStep(task: PackWinogradTask, firstOutput: i32, input: i32, target: usize): void {
  const outputs = min(8, task.outputs - firstOutput);
  const isPair = input + 1 < task.inputs;
  let codes = task.codes + <usize>((firstOutput * task.inputs + input) * 9);
  for (let output = 0; output < outputs; output++) {
    const at = task.step + <usize>(output << 2);
    const g0 = v128.load(codes), g1 = isPair ? v128.load(codes, 9) : i32x4.splat(0);
    storeRow(g0, g1, 0, at);
    storeRow(g0, g1, 1, at + 192);
    storeRow(g0, g1, 2, at + 384);
    storeRow(g0, g1, 3, at + 576);
    storeRow(g0, g1, 4, at + 768);
    storeRow(g0, g1, 5, at + 960);
    codes += <usize>(task.inputs * 9);
  }
  let step = task.step;
  for (let position = 0; position < 36; position++) {
    v128.store(target, v128.load(step));
    v128.store(target, v128.load(step, 16), 16);
    step += 32;
    target += task.positionPitch;
  }
}

export function packWinograd4Words(task: PackWinogradTask): void {
  for (let output = 0; output < task.outputs; output += 8) {
    let target = task.target + <usize>((output >> 3) * 36 * task.positionPitch);
    memory.fill(task.step, 0, 36 * 32);
    for (let input = 0; input < task.inputs; input += 2) {
      packStep(task, output, input, target);
      target += 32;
    }
  }
}
