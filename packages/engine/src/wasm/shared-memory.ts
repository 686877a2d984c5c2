/**
 * @file Makes a module that takes a shared memory. A module that imports one kind of memory cannot be linked with the other;
 * the only difference is a flag and a maximum in the import section. Format: WebAssembly core specification, §5.5.5 (import
 * section) and threads proposal (flag 3 of limits).
 */

const importSection = 2;
const memoryImport = 2;
/** 65,536 pages, the most that a memory can have, as LEB128. */
const mostPages = [0x80, 0x80, 0x04];
const sharedWithMaximum = 3;

/**
 * @param module  a module whose import section has one entry, an unshared memory without maximum
 * @throws {Error} for any other module; ours are made by the build.
 */
export function withSharedMemory(module: Uint8Array): Uint8Array<ArrayBuffer> {
  let at = 8;
  while (at < module.length) {
    const id = module[at]!;
    const size = readLeb128(module, at + 1);
    const end = size.next + size.value;
    if (id === importSection) {
      const body = module.subarray(size.next, end);
      // Count, two names, kind, flag, minimum of one byte.
      const kind = 2 + body[1]! + 1 + body[2 + body[1]!]!;
      if (body[0] !== 1 || body[kind] !== memoryImport || body[kind + 1] !== 0 || body.length !== kind + 3) break;
      const section = [...body.subarray(0, kind + 1), sharedWithMaximum, body[kind + 2]!, ...mostPages];
      if (section.length > 127) break;
      return Uint8Array.of(...module.subarray(0, at), id, section.length, ...section, ...module.subarray(end));
    }
    at = end;
  }
  throw new Error("internal: the module does not import one unshared memory");
}

function readLeb128(bytes: Uint8Array, at: number): { readonly value: number; readonly next: number } {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    value |= (byte & 127) << shift;
    if (byte < 128) return { value, next: at };
  }
}
