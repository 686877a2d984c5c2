import { expect, test } from "vitest";
import { fuzz } from "../../test/fuzz.js";

test("2,000 hostile files end in FormatError or run", () => {
  const { refused, accepted, fields, slowestMs } = fuzz(1, 2000);
  expect(refused).toBeGreaterThan(1500);
  expect(accepted).toBeGreaterThan(20);
  // The mutations reach every part of the reader.
  for (const field of ["blocks", "operators", "tensors", "preprocessing", "headerChecksum", "magic"])
    expect(fields.get(field), field).toBeGreaterThan(0);
  expect(slowestMs).toBeLessThan(2000);
});
