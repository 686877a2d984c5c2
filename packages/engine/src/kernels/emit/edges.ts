/** @file Where codes enter and leave: image bytes by the input tables (rule 8), a stored vector as float32 (rule 10). */

import type { DequantizeOperator } from "../../format/program.js";
import type { Emitter } from "./emitter.js";
import { elementOffset } from "./move.js";

/** Task records that fill the input tensor from what stands in the image's bytes. */
export interface InputTasks {
  /** Bytes of an image. */
  readonly image: number;
  /** Codes already. */
  readonly codes: number;
}

export function emitInput(emitter: Emitter): InputTasks {
  const { program, constants, plan } = emitter;
  const { elementBytes, rowPitch, pixelPitch, height, width, channels } = emitter.placement(program.input);
  const tables = new Uint8Array(256 * channels);
  for (const [c, table] of program.inputTables.entries()) tables.set(table, 256 * c);
  const identity = Uint8Array.from(tables, (_, i) => i & 255);
  emitter.emitBorder(-1, program.input);
  const fields = {
    bytes: plan.image,
    output: emitter.address(program.input),
    outputBytes: elementBytes,
    outputPixelPitch: pixelPitch,
    outputRowPitch: rowPitch,
    height,
    width,
    channels,
  };
  const task = (data: Uint8Array) => constants.task("InputTask", { ...fields, tables: constants.bytes(data) });
  const tasks = { image: task(tables), codes: task(identity) };
  emitter.emit(-1, "input", tasks.image);
  return tasks;
}

export function emitDequantize(emitter: Emitter, index: number, op: DequantizeOperator): void {
  const { program, constants } = emitter;
  const { zeroPoint, scale, shape } = program.tensors[op.input]!;
  const placement = emitter.placement(op.input);
  const task = constants.task("DequantizeTask", {
    input: emitter.address(op.input),
    offsets: constants.integers(Array.from({ length: shape[0]! }, (_, i) => elementOffset(placement, i))),
    inputBytes: placement.elementBytes,
    zeroPoint,
    scale,
    output: emitter.logits,
    count: shape[0]!,
  });
  emitter.emit(index, "dequantize", task);
}
