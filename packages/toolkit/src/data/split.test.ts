import fc from "fast-check";
import { expect, test } from "vitest";
import { everyNth } from "./split.js";

const labelSet = fc.array(fc.nat(5), { minLength: 1, maxLength: 300 }).map((labels) => Int32Array.from(labels));
const countOf = (labels: Int32Array, label: number) => labels.filter((other) => other === label).length;

test("a limit gives exactly so many different images, in order", () => {
  fc.assert(
    fc.property(labelSet, fc.integer({ min: 1, max: 400 }), (labels, limit) => {
      const chosen = everyNth(labels, limit);
      expect(chosen.length).toBe(Math.min(limit, labels.length));
      expect([...chosen]).toEqual([...new Set(chosen)].sort((a, b) => a - b));
      expect(chosen.every((index) => index < labels.length)).toBe(true);
    }),
  );
});

test("each class keeps its share to within one image", () => {
  fc.assert(
    fc.property(labelSet, fc.integer({ min: 1, max: 300 }), (labels, limit) => {
      const kept = everyNth(labels, limit).length;
      const chosen = Int32Array.from(everyNth(labels, limit), (index) => labels[index]!);
      for (let label = 0; label <= 5; label++) {
        const share = (countOf(labels, label) * kept) / labels.length;
        expect(Math.abs(countOf(chosen, label) - share)).toBeLessThan(1 + 1e-9);
      }
    }),
  );
});
