/** @file Small programs for tests: seeded, valid by construction, one operator or one network at a time. */

import type { Operator, Preprocessing, Program, QuantizedTensor, QuantizedWeights } from "../src/program/program.js";

/** xorshift32; the same sequence everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 1;
  }

  /** In [0, 1). */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) / 2 ** 32;
  }

  /** In [lowest, highest]. */
  integer(lowest: number, highest: number): number {
    return lowest + Math.floor(this.next() * (highest - lowest + 1));
  }

  bytes(length: number, highest = 255): Uint8Array {
    return Uint8Array.from({ length }, () => this.integer(0, highest));
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)]!;
  }
}

export function tensor(
  name: string,
  shape: readonly number[],
  options: Partial<QuantizedTensor> = {},
): QuantizedTensor {
  return { name, shape, bits: 8, scale: Math.fround(0.05), zeroPoint: 0, ...options };
}

export function randomWeights(
  random: Random,
  shape: readonly number[],
  bits: number,
  narrow = false,
): QuantizedWeights {
  const highest = 2 ** (bits - 1) - 1;
  const count = shape.reduce((product, size) => product * size, 1);
  return {
    bits,
    shape,
    codes: Int8Array.from({ length: count }, () => random.integer(narrow ? -highest : -highest - 1, highest)),
    scales: Float32Array.from({ length: shape[0]! }, () => 0.001 + 0.01 * random.next()),
  };
}

/**
 * A program with the given operators, whose input is tensor 0; `tensors[last]`, a `[classes]` vector, is dequantized to the
 * logits.
 */
export function program(tensors: readonly QuantizedTensor[], operators: readonly Operator[]): Program {
  const [channels, height, width] = tensors[0]!.shape as [1 | 3, number, number];
  const highest = 2 ** tensors[0]!.bits - 1;
  const last = operators.at(-1)!;
  return {
    name: "test",
    tensors,
    input: 0,
    inputTables: Array.from({ length: channels }, () =>
      Uint8Array.from({ length: 256 }, (_, p) => Math.min(p, highest)),
    ),
    operators,
    classes: last.op === "linear" ? last.bias.length : tensors.at(-1)!.shape[0]!,
    preprocessing: preprocessing(channels, height, width),
    provenance: {},
  };
}

function preprocessing(channels: 1 | 3, height: number, width: number): Preprocessing {
  const each = (value: number) => Array.from({ length: channels }, () => value);
  return { channels, height, width, resize: "exact", mean: each(0.5), std: each(0.25) };
}
