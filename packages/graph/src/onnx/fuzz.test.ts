import { expect, test } from "vitest";
import { fuzzReader } from "../../test/fuzzing.js";

test("changed files are read or refused", () => {
  const count = 1500;
  const read = fuzzReader(Number(process.env.FC_SEED ?? 1), count);
  // Were all refused, the changes would be too coarse to reach the passes.
  expect(read).toBeGreaterThan(count / 20);
});
