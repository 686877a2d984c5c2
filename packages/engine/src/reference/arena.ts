/**
 * @file A place for every tensor in one block of memory. A tensor lives from the operator that writes it to the last one that
 * reads it; tensors that never live at once may share bytes. Greedy by size, first fit (Pisarchyk and Lee 2020,
 * arXiv:2001.03288, §4.3): largest first, each at the lowest offset that no tensor alive at the same time occupies.
 */

import type { Program } from "../format/program.js";
import { elementCount } from "../operators/definition.js";
import { inputsOf, outputOf } from "../operators/index.js";

export interface Arena {
  /** Byte offset of each tensor, a multiple of 16. */
  readonly offsets: readonly number[];
  /** Bytes in all. */
  readonly size: number;
}

interface Placement {
  readonly id: number;
  readonly size: number;
  /** First and last operator, by index, during which the tensor must be kept; the input is written before operator 0. */
  readonly first: number;
  readonly last: number;
  offset: number;
}

const alignment = 16;

export function planArena(program: Program): Arena {
  const tensors = lifetimes(program);
  const placed: Placement[] = [];
  const bySize = [...tensors].sort((a, b) => b.size - a.size || a.id - b.id);
  for (const tensor of bySize) {
    let offset = 0;
    for (const other of placed) {
      if (other.last < tensor.first || tensor.last < other.first) continue;
      if (offset + tensor.size <= other.offset) break;
      offset = Math.max(offset, other.offset + other.size);
    }
    tensor.offset = offset;
    const at = placed.findIndex((other) => other.offset > offset);
    placed.splice(at === -1 ? placed.length : at, 0, tensor);
  }
  const size = tensors.reduce((end, tensor) => Math.max(end, tensor.offset + tensor.size), 0);
  return { offsets: tensors.map(({ offset }) => offset), size };
}

function lifetimes(program: Program): Placement[] {
  const first = new Array<number>(program.tensors.length).fill(-1);
  const last = new Array<number>(program.tensors.length).fill(-1);
  for (const [i, op] of program.operators.entries()) {
    for (const id of inputsOf(op)) last[id] = i;
    const output = outputOf(op);
    if (output !== undefined) first[output] = last[output] = i;
  }
  return program.tensors.map(({ shape }, id) => ({
    id,
    size: Math.ceil(elementCount(shape) / alignment) * alignment,
    first: first[id]!,
    last: last[id]!,
    offset: 0,
  }));
}
