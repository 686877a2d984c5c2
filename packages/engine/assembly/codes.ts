/** Conversions of codes: image bytes to codes, borders, moves by tables of offsets, codes to float32. */
import { BorderTask, DequantizeTask, GatherTask, InputTask } from "./tasks";

function fill(address: usize, bytes: i32, elementBytes: i32, value: i32): void {
  if (elementBytes == 1) memory.fill(address, <u8>value, bytes);
  else for (let i = 0; i < bytes; i += 2) store<i16>(address + i, <i16>value);
}

export function border(task: BorderTask): void {
  let at = task.buffer;
  fill(at, task.head, task.elementBytes, task.value);
  at += task.head + task.row;
  for (let y = 1; y < task.height; y++) {
    fill(at, task.gap, task.elementBytes, task.value);
    at += task.gap + task.row;
  }
  fill(at, task.tail, task.elementBytes, task.value);
}

// @ts-ignore: decorator
@inline function storeCode<T>(to: usize, table: usize, byte: usize): void {
  store<T>(to, <T>load<u8>(table + <usize>load<u8>(byte)));
}

function inputOf<T>(task: InputTask): void {
  const red = task.tables, green = red + 256, blue = green + 256;
  const pitch = <usize>task.outputPixelPitch;
  let from = task.bytes;
  for (let y = 0; y < task.height; y++) {
    let to = task.output + <usize>(y * task.outputRowPitch);
    let x = task.width;
    if (task.channels == 3)
      do {
        storeCode<T>(to, red, from);
        storeCode<T>(to + sizeof<T>(), green, from + 1);
        storeCode<T>(to + 2 * sizeof<T>(), blue, from + 2);
        from += 3;
        to += pitch;
      } while (--x);
    else
      do {
        for (let c = 0; c < task.channels; c++) storeCode<T>(to + <usize>c * sizeof<T>(), red + (<usize>c << 8), from++);
        to += pitch;
      } while (--x);
  }
}

export function input(task: InputTask): void {
  if (task.outputBytes == 1) inputOf<u8>(task);
  else inputOf<i16>(task);
}

export function gather(task: GatherTask): void {
  for (let i = 0; i < task.count; i++) {
    const from = task.input + load<i32>(task.inputOffsets + (<usize>i << 2));
    const to = task.output + load<i32>(task.outputOffsets + (<usize>i << 2));
    const code = task.inputBytes == 1 ? <i32>load<u8>(from) : <i32>load<i16>(from);
    if (task.outputBytes == 1) store<u8>(to, <u8>code);
    else store<i16>(to, <i16>code);
  }
}

/** v = fround(s · fround(q − z)) (rule 10). */
export function dequantize(task: DequantizeTask): void {
  for (let i = 0; i < task.count; i++) {
    const from = task.input + load<i32>(task.offsets + (<usize>i << 2));
    const code = task.inputBytes == 1 ? <i32>load<u8>(from) : <i32>load<i16>(from);
    store<f32>(task.output + (<usize>i << 2), task.scale * f32(code - task.zeroPoint));
  }
}
