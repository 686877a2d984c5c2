/** @file Checks of arguments. Programs in plain JavaScript have no types, and a wrong array must not be read as bytes. */

import { InputError } from "./errors.js";

/** The requirements on an argument or option. */
export interface Expectation {
  /** The words for it in a message, e.g. `a positive integer`. */
  readonly expected: string;
  holds(value: unknown): boolean;
}

export const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

export const oneOf = (...values: readonly string[]): Expectation => ({
  expected: `one of ${values.map((value) => `"${value}"`).join(", ")}`,
  holds: (value) => values.includes(value as string),
});

export const integerIn = (least: number, most: number): Expectation => ({
  expected:
    least === 1 && most === Number.MAX_SAFE_INTEGER ? "a positive integer" : `an integer in [${least}, ${most}]`,
  holds: (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
});

export const yesOrNo: Expectation = { expected: "true or false", holds: (value) => typeof value === "boolean" };

export const aFunction: Expectation = { expected: "a function", holds: (value) => typeof value === "function" };

export const abortSignal: Expectation = {
  expected: "an AbortSignal",
  holds: (value) => isObject(value) && "aborted" in value && "addEventListener" in value,
};

/**
 * A Uint8Array with a buffer. Other arrays would be read as bytes, modulo 256, and an array whose buffer was transferred has no
 * elements.
 */
export const byteArray: Expectation = {
  expected: "a Uint8Array with bytes in it",
  holds: (value) => value instanceof Uint8Array && value.length > 0,
};

export const positiveInteger = integerIn(1, Number.MAX_SAFE_INTEGER);

/** The requirement on the number of runs of a profile. */
export const profileRuns = integerIn(1, 1_000_000);

/** The requirement on a limit in bytes for files and memory. With larger numbers, sums of sizes would not be exact. */
export const byteLimit = integerIn(1, Number.MAX_SAFE_INTEGER);

export function wrongArgument(argument: string, found: unknown, expected: string): InputError {
  const shown = described(found);
  return new InputError(
    "engine-argument",
    { argument, found: shown, expected },
    `${argument} must be ${expected}, is ${shown}`,
  );
}

export function checkArgument(argument: string, value: unknown, { expected, holds }: Expectation): void {
  if (!holds(value)) throw wrongArgument(argument, value, expected);
}

/**
 * Refuses options of a wrong type, and unknown options: a misspelt one would silently do nothing.
 * @param known  an expectation for every option; an option that is `undefined` counts as not given
 */
export function checkOptions<Options extends object>(
  options: Options,
  known: { readonly [K in keyof Required<Options>]: Expectation },
): void {
  if (!isObject(options)) throw wrongArgument("options", options, "an object");
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, name)) throw unknownOption(name, Object.keys(known).join(", "));
    if (value !== undefined) checkArgument(name, value, known[name as keyof Options]);
  }
}

const unknownOption = (name: string, known: string): InputError =>
  new InputError(
    "engine-argument",
    { argument: name, found: name, expected: known },
    `there is no option ${described(name)}; the options are ${known}`,
  );

/** A value as text for a message: short, and never the contents of a long array. */
export function described(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "function" || typeof value === "symbol") return typeof value;
  if (!isObject(value)) return String(value);
  const { length } = value as { readonly length?: unknown };
  const name = Object.getPrototypeOf(value)?.constructor?.name ?? "object";
  return typeof length === "number" ? `${name} of ${length} elements` : String(name);
}
