import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32c, interpreted } from "./crc32c.js";
import { endsAreZero, packCodes, rowBytes, unpackCodes } from "./packing.js";

test("the examples of the documentation", () => {
  expect([...packCodes(Int8Array.of(1, -2, 7, -8), 4, 1)]).toEqual([0xe1, 0x87]);
  expect([...packCodes(Int8Array.of(1, -2, 3), 3, 1)]).toEqual([0xf1, 0x00]);
  expect([...packCodes(Int8Array.of(1, -2, -1), 2, 3)]).toEqual([1, 2, 3]);
});

test.each([2, 3, 4, 5, 6, 7, 8])("pack and unpack are inverse at %i bits, each row on its own bytes", (bits) => {
  const code = fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
  const rows = fc
    .integer({ min: 1, max: 5 })
    .chain((count) =>
      fc
        .integer({ min: 1, max: 40 })
        .chain((length) =>
          fc.array(fc.array(code, { minLength: length, maxLength: length }), { minLength: count, maxLength: count }),
        ),
    );
  fc.assert(
    fc.property(rows, (matrix) => {
      const length = matrix[0]!.length;
      const packed = packCodes(Int8Array.from(matrix.flat()), bits, matrix.length);
      expect(packed.length).toBe(matrix.length * rowBytes(length, bits));
      expect([...unpackCodes(packed, bits, matrix.length, length)]).toEqual(matrix.flat());
      // By the definition: bit i of code k is bit k·b + i of the row.
      for (const [r, row] of matrix.entries())
        for (const [k, value] of row.entries())
          for (let i = 0; i < bits; i++) {
            const at = k * bits + i;
            const bit = (packed[r * rowBytes(length, bits) + (at >> 3)]! >> (at & 7)) & 1;
            expect(bit).toBe((value >> i) & 1);
          }
    }),
    { numRuns: 60 },
  );
});

test("bits set after a row's last code are refused", () => {
  expect(endsAreZero(Uint8Array.of(0xf1, 0x01, 0xf1, 0x00), 3, 2, 3)).toBe(true);
  for (const high of [0x02, 0x80]) {
    expect(endsAreZero(Uint8Array.of(0xf1, 0x00, 0xf1, high), 3, 2, 3)).toBe(false);
    expect(endsAreZero(Uint8Array.of(0xf1, high, 0xf1, 0x00), 3, 2, 3)).toBe(false);
  }
});

test("CRC-32C gives RFC 3720's check values, in one piece or several", () => {
  const check = new TextEncoder().encode("123456789");
  expect(crc32c(check)).toBe(0xe3069283);
  expect(crc32c(check.subarray(4), crc32c(check.subarray(0, 4)))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
});

test("CRC-32C without WebAssembly is the same, over several fillings of the module's memory", () => {
  const update = interpreted();
  for (const length of [0, 1, 7, 8, 1000, 122_879, 122_880, 122_881, 300_000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 2_654_435_761) >>> 13);
    expect(crc32c(bytes, 12_345)).toBe(~update(bytes, ~12_345) >>> 0);
  }
});
