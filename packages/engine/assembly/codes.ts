/** Codes at the edges of the program: image bytes in, borders, moves without a pattern, float32 out. */
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

export function input(task: InputTask): void {
  let from = task.bytes;
  for (let y = 0; y < task.height; y++) {
    let to = task.output + <usize>(y * task.outputRowPitch);
    for (let x = 0; x < task.width; x++) {
      let codes = task.tables;
      for (let c = 0; c < task.channels; c++) {
        const code = load<u8>(codes + <usize>load<u8>(from++));
        if (task.outputBytes == 1) store<u8>(to + c, code);
        else store<i16>(to + (<usize>c << 1), <i16>code);
        codes += 256;
      }
      to += task.outputPixelPitch;
    }
  }
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
