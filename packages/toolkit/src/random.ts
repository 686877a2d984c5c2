/**
 * @file The toolkit's source of randomness: xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number
 * generators", 2021, arXiv:1805.01407), with seeds and derived streams hashed by the finalizer of MurmurHash3. Everything
 * random takes a seed. A stream derived from (seed, epoch, image) is the same however many numbers were drawn before, so an
 * interrupted run can continue as if it had never stopped.
 *
 * Integers and uniform numbers are the same on every machine; `normal` uses `Math.log` and `Math.cos`, whose last bit may
 * differ between engines.
 */
import { UsageError } from "./errors.js";

/** The generator's whole state: four unsigned 32-bit words, not all zero. Can be stored as JSON. */
export type RandomState = readonly [number, number, number, number];

/** A part of a stream's name: an integer or a text. */
export type RandomKey = number | string;

const GOLDEN = 0x9e3779b9;

/** The finalizer of MurmurHash3: a bijection of 32-bit words that spreads every bit over all of them. */
function mix(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const rotateLeft = (word: number, bits: number) => (word << bits) | (word >>> (32 - bits));

/**
 * Hashes a list of keys to 128 bits. Texts and numbers never give the same input, because each begins with its own tag and
 * length.
 */
function hashKeys(keys: readonly RandomKey[]): RandomState {
  const lanes: [number, number, number, number] = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344]; // digits of π
  const absorb = (word: number) => {
    for (let i = 0; i < 4; i++) lanes[i] = mix((lanes[i]! + GOLDEN) ^ word);
  };
  for (const key of keys) {
    if (typeof key === "string") {
      absorb(2);
      absorb(key.length);
      for (let i = 0; i < key.length; i++) absorb(key.charCodeAt(i));
    } else {
      if (!Number.isSafeInteger(key))
        throw new UsageError(
          "option-value",
          { option: "seed", value: key, expected: "an integer within ±2^53" },
          `a seed must be an integer within ±2^53, got ${key}`,
        );
      absorb(1);
      absorb(key | 0);
      absorb(Math.floor(key / 2 ** 32) | 0);
    }
  }
  if (lanes.every((lane) => lane === 0)) lanes[0] = GOLDEN; // the one state that xoshiro never leaves
  return lanes;
}

/** A seeded stream of random numbers whose state can be stored and restored. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** @param seed an integer within ±2^53. */
  constructor(seed: number) {
    [this.#a, this.#b, this.#c, this.#d] = hashKeys([seed]);
  }

  /** The stream of a seed and further keys, independent of every other such stream. */
  static derive(seed: number, ...keys: readonly RandomKey[]): Random {
    return Random.fromState(hashKeys([seed, ...keys]));
  }

  /**
   * Continues from the stored `state`.
   *
   * @throws {UsageError} if it is not a state of this generator
   */
  static fromState(state: RandomState): Random {
    const isWord = (word: unknown) => typeof word === "number" && word >>> 0 === word;
    if (state.length !== 4 || !state.every(isWord) || state.every((word) => word === 0))
      throw new UsageError(
        "toolkit-argument",
        { argument: "state", found: state, expected: "four unsigned 32-bit integers" },
        `a random state is four unsigned 32-bit integers, not all zero, got ${JSON.stringify(state)}`,
      );
    const random = new Random(0);
    [random.#a, random.#b, random.#c, random.#d] = state;
    return random;
  }

  /** The state, with which `Random.fromState` continues the sequence. */
  get state(): RandomState {
    return [this.#a >>> 0, this.#b >>> 0, this.#c >>> 0, this.#d >>> 0];
  }

  /** A whole number in [0, 2^32). */
  uint32(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotateLeft(this.#d, 11);
    return result >>> 0;
  }

  /** A real number in [low, high), with 53 random bits before scaling. */
  uniform(low = 0, high = 1): number {
    const high27 = this.uint32() >>> 5;
    const low26 = this.uint32() >>> 6;
    return low + ((high27 * 2 ** 26 + low26) / 2 ** 53) * (high - low);
  }

  /**
   * A whole number in [0, bound), each equally likely (by rejection).
   *
   * @throws {UsageError} unless 1 ≤ bound ≤ 2^32
   */
  integer(bound: number): number {
    if (!(Number.isInteger(bound) && bound >= 1 && bound <= 2 ** 32))
      throw new UsageError(
        "toolkit-argument",
        { argument: "bound", found: bound, expected: "an integer from 1 to 2^32" },
        `a bound must be an integer from 1 to 2^32, got ${bound}`,
      );
    const fair = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const word = this.uint32();
      if (word < fair) return word % bound;
    }
  }

  /**
   * A normally distributed number, by the method of Box and Muller (1958). Each takes two uniform numbers, so there is no
   * hidden state.
   */
  normal(mean = 0, deviation = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform())); // 1 − u lies in (0, 1]
    return mean + deviation * radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Shuffles in place (Fisher and Yates) and returns the same array. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const item = items[i];
      items[i] = items[j];
      items[j] = item;
    }
    return items;
  }

  /** The numbers 0 … count − 1 in random order. */
  permutation(count: number): Uint32Array<ArrayBuffer> {
    return this.shuffle(Uint32Array.from({ length: count }, (_, i) => i));
  }
}
