/**
 * @file Finds a place for every tensor in one block of memory. A tensor is needed from the operator that writes it to the last
 * one that reads it; tensors that are never needed at once may share bytes. Greedy by size, first fit (Pisarchyk and Lee 2020,
 * arXiv:2001.03288, §4.3): the largest first, each at the lowest offset that no tensor needed at the same time occupies.
 */

import { elementCount } from "../operators/definition.js";
import { inputsOf, outputOf } from "../operators/index.js";
import type { Program } from "./program.js";

export interface Arena {
  /** Byte offset of each tensor or block. */
  readonly offsets: readonly number[];
  /** The total number of bytes. */
  readonly size: number;
}

/** A block of memory, and the first and last step at which it is needed. */
export interface Lifetime {
  readonly size: number;
  readonly first: number;
  readonly last: number;
}

/** Offsets are multiples of a cache line. */
const alignment = 64;

export function planArena(program: Program): Arena {
  return placeByLifetime(lifetimes(program));
}

/** Offsets with which no two blocks overlap that are needed at once. */
export function placeByLifetime(blocks: readonly Lifetime[]): Arena {
  const offsets = new Array<number>(blocks.length).fill(0);
  /** Indices of the blocks placed so far, by offset. */
  const placed: number[] = [];
  const aligned = blocks.map(({ size }) => Math.ceil(size / alignment) * alignment);
  const largestFirst = blocks.map((_, i) => i).sort((a, b) => aligned[b]! - aligned[a]! || a - b);
  for (const i of largestFirst) {
    const { first, last } = blocks[i]!;
    let offset = 0;
    for (const other of placed) {
      if (blocks[other]!.last < first || last < blocks[other]!.first) continue;
      if (offset + aligned[i]! <= offsets[other]!) break;
      offset = Math.max(offset, offsets[other]! + aligned[other]!);
    }
    offsets[i] = offset;
    const at = placed.findIndex((other) => offsets[other]! > offset);
    placed.splice(at === -1 ? placed.length : at, 0, i);
  }
  return { offsets, size: blocks.reduce((end, _, i) => Math.max(end, offsets[i]! + aligned[i]!), 0) };
}

/** The lifetime of every tensor, from the operator that writes it (−1 for the input) to the last one that reads it. */
function lifetimes(program: Program): Lifetime[] {
  const first = new Array<number>(program.tensors.length).fill(-1);
  const last = new Array<number>(program.tensors.length).fill(-1);
  for (const [i, op] of program.operators.entries()) {
    for (const id of inputsOf(op)) last[id] = i;
    const output = outputOf(op);
    if (output !== undefined) first[output] = last[output] = i;
  }
  return program.tensors.map(({ shape }, id) => ({ size: elementCount(shape), first: first[id]!, last: last[id]! }));
}
