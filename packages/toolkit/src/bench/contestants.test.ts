import { expect, test } from "vitest";
import { normalize } from "../data/normalize.js";
import { interleavedFloats, planarFloats } from "./contestants.js";
import { normalization, smoothImages } from "./network.js";

test("the peers' conversion is the toolkit's normalization but for rounding", () => {
  const [image] = smoothImages(3, 1, 20);
  const expected = normalize(image!, { ...normalization, pixels: 400 });
  const found = planarFloats({ ...normalization, pixels: 400 })(image!);
  expect(found).toHaveLength(1200);
  const largest = found.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
  expect(largest).toBeLessThan(1e-6);
});

test("channels last are the same numbers in another order", () => {
  const [image] = smoothImages(3, 1, 20);
  const form = { ...normalization, pixels: 400 };
  const planar = planarFloats(form)(image!);
  const interleaved = interleavedFloats(form)(image!);
  expect(Array.from(interleaved, (_, i) => planar[(i % 3) * 400 + Math.floor(i / 3)])).toEqual(Array.from(interleaved));
});
