/**
 * @file Decisions about a program before memory is laid out: which rescaling is fused into the convolution before it, how each
 * tensor is stored, how wide its border is, and where its buffer is.
 */

import type { ConvOperator } from "../operators/conv.js";
import { inputsOf, outputOf } from "../operators/index.js";
import type { RescaleOperator } from "../operators/rescale.js";
import { axesOf, extent } from "../operators/windows.js";
import { placeByLifetime } from "../program/arena.js";
import type { Program, TensorId } from "../program/program.js";
import type { Tier } from "../wasm/modules.js";
import { chooseElementBytes, filterOf, isDepthwise, isFilter, readersOf } from "./choose.js";
import { type Border, mapShape, type Placement, placeTensor, roundUp } from "./placement.js";
import { stagingBytes } from "./staging.js";

export interface Plan {
  readonly program: Program;
  readonly tier: Tier;
  readonly placements: readonly Placement[];
  /** Address of each tensor's buffer; undefined for a tensor that is never stored. */
  readonly buffers: readonly (number | undefined)[];
  /** Address of the image's bytes. */
  readonly image: number;
  /** First byte of the activations (where weights are staged at load), and the first byte after both. */
  readonly start: number;
  readonly end: number;
  /** For each convolution, by index, the rescaling that its epilogue also computes. */
  readonly fused: ReadonlyMap<number, RescaleOperator>;
  /** Indices of the operators that need no step of their own. */
  readonly skipped: ReadonlySet<number>;
  readonly readers: readonly (readonly number[])[];
}

/** The first bytes of memory stay unused, so that no buffer or table has address 0. */
const start = 64;

export function planProgram(program: Program, tier: Tier): Plan {
  const readers = readersOf(program);
  const { fused, skipped } = fuseRescaling(program, readers);
  const elements = chooseElementBytes(program, tier);
  const borders = bordersOf(program);
  const placements = program.tensors.map((tensor, id) =>
    placeTensor(tensor, elements[id]!, borders[id]!, id === program.input && readOnlyByFilters(program, readers[id]!)),
  );

  /**
   * Index of the operator that writes each tensor. A fused copy is written by the convolution, and a tensor that only the copy
   * would read is not stored at all.
   */
  const written = new Map<TensorId, number>([[program.input, -1]]);
  for (const [i, op] of program.operators.entries()) {
    const output = outputOf(op);
    if (output !== undefined && !skipped.has(i)) written.set(output, i);
  }
  for (const [i, rescale] of fused) {
    written.set(rescale.output, i);
    const { output } = program.operators[i] as ConvOperator;
    if (readers[output]!.length === 1) written.delete(output);
  }
  const stored = [...written.keys()];
  const imageBytes = program.tensors[program.input]!.shape.reduce((product, size) => product * size, 1);
  const { offsets, size } = placeByLifetime([
    { size: imageBytes, first: -2, last: -1 },
    ...stored.map((id) => ({
      size: placements[id]!.size,
      first: written.get(id)!,
      last: Math.max(written.get(id)!, ...readers[id]!),
    })),
  ]);
  const buffers = new Array<number | undefined>(program.tensors.length).fill(undefined);
  for (const [i, id] of stored.entries()) buffers[id] = start + offsets[1 + i]!;
  const staged = program.operators.map((op) => (isFilter(op) ? stagingBytes(filterOf(op)) : 0));
  const end = start + staged.reduce((most, bytes) => Math.max(most, bytes), size);
  return { program, tier, placements, buffers, image: start + offsets[0]!, start, end, fused, skipped, readers };
}

/** Chooses one rescaling of a convolution's output as the second output of its epilogue. */
function fuseRescaling(program: Program, readers: readonly (readonly number[])[]) {
  const fused = new Map<number, RescaleOperator>();
  const skipped = new Set<number>();
  for (const [i, op] of program.operators.entries()) {
    if (op.op !== "conv") continue;
    const reader = readers[op.output]!.find((r) => program.operators[r]!.op === "rescale");
    if (reader === undefined) continue;
    fused.set(i, program.operators[reader] as RescaleOperator);
    skipped.add(reader);
  }
  return { fused, skipped };
}

/** How far the windows of a tensor's readers extend beyond it. */
function bordersOf(program: Program): Border[] {
  const borders: Border[] = program.tensors.map(() => ({ top: 0, left: 0, bottom: 0, right: 0 }));
  for (const op of program.operators) {
    if (op.op !== "conv") continue;
    const border = borders[op.input]!;
    const { shape } = program.tensors[op.input]!;
    const [, height, width] = mapShape(program.tensors[op.output]!.shape);
    const [vertical, horizontal] = axesOf(shape, filterOf(op).kernel, op);
    // Winograd's tiles are up to four pixels wide and high and may reach beyond the map.
    const tile = vertical.kernel === 3 && vertical.stride === 1 && !isDepthwise(op) ? 4 : 1;
    const beyond = (axis: typeof vertical, windows: number) =>
      Math.max(0, (roundUp(windows, tile) - 1) * axis.stride + extent(axis) - axis.before - axis.size);
    border.top = Math.max(border.top, vertical.before);
    border.left = Math.max(border.left, horizontal.before);
    border.bottom = Math.max(border.bottom, beyond(vertical, height));
    border.right = Math.max(border.right, beyond(horizontal, width));
  }
  return borders;
}

/**
 * Whether only convolutions read a tensor: they accept any pixel pitch, whereas other operators need whole vectors of channels.
 */
function readOnlyByFilters(program: Program, readers: readonly number[]): boolean {
  return readers.every((r) => {
    const op = program.operators[r]!;
    return op.op === "conv" && !isDepthwise(op) && op.weights.shape[1]! < 8 && inputsOf(op).length === 1;
  });
}
