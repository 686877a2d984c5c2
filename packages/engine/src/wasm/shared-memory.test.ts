import { expect, test } from "vitest";
import { withSharedMemory } from "./shared-memory.js";

/** One import of a memory, one function that returns the byte at its argument. */
const module = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f],
  ...[2, 15, 1, 3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0, 0],
  ...[3, 2, 1, 0, 7, 8, 1, 4, 0x62, 0x79, 0x74, 0x65, 0, 0],
  ...[10, 9, 1, 7, 0, 0x20, 0, 0x2d, 0, 0, 0x0b],
);

test("the module that takes an unshared memory takes a shared one", async () => {
  const link = async (bytes: Uint8Array<ArrayBuffer>, shared: boolean) => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared });
    new Uint8Array(memory.buffer)[7] = 42;
    const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
    return (instance.exports.byte as (address: number) => number)(7);
  };
  expect(await link(module, false)).toBe(42);
  await expect(link(module, true)).rejects.toThrow(WebAssembly.LinkError);
  expect(await link(withSharedMemory(module), true)).toBe(42);
});

test("a module that imports anything else is refused", () => {
  expect(() => withSharedMemory(module.slice(0, 16))).toThrow("does not import one unshared memory");
  expect(() => withSharedMemory(withSharedMemory(module))).toThrow("does not import one unshared memory");
  const table = module.slice();
  table[module.indexOf(15) + 13] = 1;
  expect(() => withSharedMemory(table)).toThrow("does not import one unshared memory");
});
