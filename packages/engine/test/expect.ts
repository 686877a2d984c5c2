/** @file What the kernel matrix needs of the test runner, where that is not at hand. */

import { match, strictEqual } from "node:assert/strict";

export const expect = (value: unknown) => ({
  toBe: (expected: unknown) => strictEqual(value, expected),
  toMatch: (pattern: RegExp) => match(String(value), pattern),
});
