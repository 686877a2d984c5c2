import { expect, test } from "vitest";
import { normalize } from "../data/normalize.js";
import { planarFloats } from "./contestants.js";
import { normalization, smoothImages } from "./network.js";

test("the peers' conversion is the toolkit's normalization but for rounding", () => {
  const [image] = smoothImages(3, 1, 20);
  const expected = normalize(image!, { ...normalization, pixels: 400 });
  const found = planarFloats({ ...normalization, pixels: 400 })(image!);
  expect(found).toHaveLength(1200);
  const largest = found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
  expect(largest).toBeLessThan(1e-6);
});
