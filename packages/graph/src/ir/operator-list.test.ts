import { expect, test } from "vitest";
import { operatorList } from "./operator-list.js";

const nodes = (op: string, count: number, domain = "") =>
  Array.from({ length: count }, (_, i) => ({ op, domain, name: `${op}${i}`, inputs: [], outputs: [], attributes: {} }));

test("operators with their nodes, of many alike the first", () => {
  const list = operatorList([
    ...nodes("Mul", 9),
    ...nodes("Gelu", 1, "com.example"),
    ...nodes("Erf", 4),
    ...nodes("Mul", 1),
  ]);
  expect(list).toBe(
    'Mul ("Mul0", "Mul1", "Mul2" and 7 more); com.example.Gelu ("Gelu0"); Erf ("Erf0", "Erf1", "Erf2", "Erf3")',
  );
});
