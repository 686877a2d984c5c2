/** @file Checks numbers that code passes as options. The options of tasks are checked by their schemas before. */

import { UsageError } from "./errors.js";

const ranges = {
  "a whole number from 1": (value) => Number.isInteger(value) && value >= 1,
  "a whole number from 0": (value) => Number.isInteger(value) && value >= 0,
  "a number from 0": (value) => value >= 0,
  "a number from 1": (value) => value >= 1,
  "a number from 1 to 4": (value) => value >= 1 && value <= 4,
  "a number from 0 to 1": (value) => value >= 0 && value <= 1,
  "a number in [0, 1)": (value) => value >= 0 && value < 1,
  "a number above 0": (value) => value > 0,
} satisfies Record<string, (value: number) => boolean>;

/** @throws {UsageError} if the value of the option is infinite, NaN or out of range */
export function requireNumber(option: string, value: number, range: keyof typeof ranges): void {
  if (Number.isFinite(value) && ranges[range](value)) return;
  throw new UsageError(
    "option-value",
    { option, value, expected: range },
    `\`${option}\` ${value}: it takes ${range}.`,
  );
}
