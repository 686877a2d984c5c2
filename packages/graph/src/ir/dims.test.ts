import { expect, test } from "vitest";
import { dimProduct, dimQuotient, isStatic } from "./dims.js";

test("products of numbers and symbols", () => {
  expect(dimProduct([])).toBe(1);
  expect(dimProduct([2, 3, 4])).toBe(24);
  expect(dimProduct(["N", 64])).toBe("64*N");
  expect(dimProduct(["64*N", "H", 2])).toBe("128*H*N");
  expect(dimProduct(["N", 1])).toBe("N");
  expect(dimProduct(["N", 0])).toBe(0);
});

test("quotients where there is one", () => {
  expect(dimQuotient("64*N", 64)).toBe("N");
  expect(dimQuotient("64*N", "N")).toBe(64);
  expect(dimQuotient("64*N*N", "16*N")).toBe("4*N");
  expect(dimQuotient(24, 6)).toBe(4);
  expect(dimQuotient(24, 5)).toBeUndefined();
  expect(dimQuotient("3*N", 2)).toBeUndefined();
  expect(dimQuotient(6, "N")).toBeUndefined();
  expect(dimQuotient(6, 0)).toBeUndefined();
});

test("static shapes", () => {
  expect(isStatic([1, 2])).toBe(true);
  expect(isStatic(["N", 2])).toBe(false);
});
