import { expect, test } from "vitest";
import { fuzz } from "../../test/fuzz.js";

test("100,000 more hostile files end in FormatError or run", () => {
  const { refused, accepted, slowestMs } = fuzz(1_000_000, 100_000);
  expect(refused).toBeGreaterThan(70_000);
  expect(accepted).toBeGreaterThan(1000);
  expect(slowestMs).toBeLessThan(5000);
});
