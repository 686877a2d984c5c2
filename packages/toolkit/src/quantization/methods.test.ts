import { expect, test } from "vitest";
import { kitchenSink } from "../testing/networks.js";
import { insertFakeQuant } from "./insert.js";
import { endToEndFor } from "./methods.js";

const stepsFor = (weights: number, activations: number) =>
  endToEndFor(insertFakeQuant(kitchenSink(1), { weights, activations }));

test("steps on the whole network follow below 4 bits, on variations unless nearly all is at 2", () => {
  expect(stepsFor(8, 8).endToEnd).toBe(0);
  expect(stepsFor(4, 4).endToEnd).toBe(0);
  expect(stepsFor(3, 8)).toMatchObject({ endToEnd: 1000, vary: true });
  expect(stepsFor(2, 4)).toMatchObject({ endToEnd: 1000, vary: true });
  expect(stepsFor(2, 2)).toMatchObject({ endToEnd: 600, vary: false });
});
