import { expect, test } from "vitest";
import { everyOperator } from "../../test/networks.js";
import { Random } from "../../test/programs.js";
import { InputError } from "../errors.js";
import { createReference, quantizeInput } from "./reference.js";

const p = everyOperator(new Random(3), { bits: 5 });

test("run is runCodes of the input tables' codes, channels apart", () => {
  const tables = [3, 5, 7].map((step) => Uint8Array.from({ length: 256 }, (_, byte) => (byte * step) % 256));
  const reference = createReference({ ...p, inputTables: tables });
  const image = new Random(1).bytes(192);
  const codes = Uint8Array.from({ length: 192 }, (_, i) => {
    const channel = Math.floor(i / 64);
    return tables[channel]![image[(i % 64) * 3 + channel]!]!;
  });
  expect(reference.run(image)).toEqual(reference.runCodes(codes));
});

test("trace sees every operator of every image, with copies of what it wrote", () => {
  const seen: { name: string; image: number; result: Uint8Array | Float32Array }[] = [];
  const reference = createReference(p, { trace: ({ name }, _, result, image) => seen.push({ name, image, result }) });
  const logits = reference.run(new Random(2).bytes(2 * 192), 2);
  const names = p.operators.map(({ name }) => name);
  expect(seen.map(({ name }) => name)).toEqual([...names, ...names]);
  expect(seen.map(({ image }) => image)).toEqual([...names.map(() => 0), ...names.map(() => 1)]);
  expect(seen.at(-1)!.result).toEqual(logits.slice(10));
  for (const [i, op] of p.operators.entries())
    if ("output" in op && op.output !== undefined)
      expect(seen[i]!.result.length).toBe(p.tensors[op.output]!.shape.reduce((product, size) => product * size, 1));
});

test("an image does not depend on those before it", () => {
  const reference = createReference(p);
  const images = new Random(4).bytes(5 * 192);
  const together = reference.run(images, 5);
  for (let n = 4; n >= 0; n--)
    expect(reference.run(images.subarray(192 * n, 192 * n + 192))).toEqual(together.slice(10 * n, 10 * n + 10));
});

test("lengths and codes that do not fit are refused", () => {
  const reference = createReference(p);
  expect(() => reference.run(new Uint8Array(191))).toThrow("1 images of shape [3,8,8] are 192 bytes, got 191");
  const narrow = { ...p, tensors: p.tensors.map((t, i) => (i === 0 ? { ...t, bits: 7 } : t)) };
  const inputTables = p.inputTables.map((table) => table.map((code) => code >> 1));
  const low = createReference({ ...narrow, inputTables });
  expect(() => low.runCodes(new Uint8Array(192).fill(128))).toThrow(InputError);
});

test("a float input is rounded half to even, clamped, and refused where NaN", () => {
  const x = p.tensors[0]!;
  const steps = [-1000, -113.6, -1.5, -0.5, 0, 0.5, 1.5, 2.5, 141.7, 1e30];
  const codes = quantizeInput(
    { ...p, tensors: [{ ...x, scale: 0.5 }] },
    Float32Array.from(steps, (v) => v / 2),
  );
  expect([...codes]).toEqual([0, 0, 111, 113, 113, 113, 115, 115, 255, 255]);
  expect(() => quantizeInput(p, Float32Array.of(0, Number.NaN))).toThrow("element 1 of the input is NaN");
});
