import { expect, test } from "vitest";
import { fuzzReader } from "../../test/fuzzing.js";

/** Cases in each run of the long suite; FUZZ_CASES asks for more. */
const CASES = Number(process.env.FUZZ_CASES ?? 30_000);

test("changed files are read or refused", { timeout: 24 * 3_600_000 }, () => {
  const read = fuzzReader(Number(process.env.FC_SEED ?? 1_000_000), CASES);
  expect(read).toBeGreaterThan(CASES / 20);
});
