/**
 * @file The safetensors format (https://huggingface.co/docs/safetensors): the header's length as uint64, the header as JSON
 * `{"name": {"dtype", "shape", "data_offsets": [begin, end]}, "__metadata__": {text: text}}`, then the elements, row-major and
 * little-endian. Offsets count from the end of the header; the tensors cover all bytes, without gaps and overlaps.
 */

import { elementCount, type Tensor } from "@subbyte/graph";
import { DataError } from "../errors.js";
import { isObject, parseHeader } from "./safetensors-header.js";
import { decodeTensor, type StoredType, storedTypes } from "./stored-tensor.js";

const typeNames = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  I16: "int16",
  I8: "int8",
  U64: "uint64",
  U32: "uint32",
  U16: "uint16",
  U8: "uint8",
  BOOL: "bool",
} as const satisfies Record<string, StoredType>;

const namesOfTypes = new Map<string, string>(Object.entries(typeNames).map(([name, type]) => [type, name]));

/** The limit of the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000;

/** Header and data begin at multiples of this, so that readers may map the file into memory. */
const ALIGNMENT = 8;

const METADATA = "__metadata__";

/** The contents of a safetensors file. */
export interface Safetensors {
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Entry {
  readonly name: string;
  readonly type: StoredType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** Length of the header; undefined if the file does not begin as a safetensors file. */
function headerLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < 10 || bytes[8] !== 0x7b) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  return length <= MAX_HEADER_BYTES ? Number(length) : undefined;
}

export const isSafetensors = (bytes: Uint8Array): boolean => headerLength(bytes) !== undefined;

/**
 * Reads every tensor into an array of its own; bfloat16 becomes float32.
 *
 * @throws {DataError} if anything disagrees with the format, or an element type has no counterpart.
 */
export function readSafetensors(bytes: Uint8Array, source = "the safetensors file"): Safetensors {
  const fail = (problem: string): never => {
    throw new DataError(
      "weights-damaged",
      { source, reason: problem },
      `${source} ${problem}; the file is damaged or incomplete: copy or download it again`,
    );
  };
  const length = headerLength(bytes) ?? fail("does not begin like a safetensors file");
  if (length > bytes.length - 8) fail(`has ${bytes.length} bytes, but its header alone needs ${8 + length}`);
  const header = parseHeader(bytes.subarray(8, 8 + length));
  if (typeof header === "string") return fail(header);
  const data = bytes.subarray(8 + length);

  const { [METADATA]: metadata = {}, ...described } = header;
  if (!isObject(metadata) || !Object.values(metadata).every((value) => typeof value === "string"))
    fail("has metadata other than texts");
  const entries = Object.entries(described)
    .map(([name, value]) => parseEntry(name, value, source))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);

  let position = 0;
  const tensors = new Map<string, Tensor>();
  for (const { name, type, shape, begin, end } of entries) {
    if (begin !== position) fail(`has ${begin > position ? "a gap" : "an overlap"} before the data of "${name}"`);
    if (end > data.length) fail(`ends within the data of "${name}"`);
    tensors.set(name, decodeTensor(data.subarray(begin, end), type, shape));
    position = end;
  }
  if (position !== data.length) fail(`has ${data.length - position} bytes that belong to no tensor`);
  return { tensors, metadata: metadata as Record<string, string> };
}

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);

function parseEntry(name: string, value: unknown, source: string): Entry {
  const { dtype, shape, data_offsets: offsets } = isObject(value) ? value : {};
  const type =
    typeof dtype === "string" && Object.hasOwn(typeNames, dtype) && typeNames[dtype as keyof typeof typeNames];
  if (!type)
    throw new DataError(
      "weights-unsupported",
      { source, reason: `element type of "${name}"` },
      `${source}: tensor "${name}" has element type ${JSON.stringify(dtype)}; known types are ${Object.keys(typeNames).join(", ")}; ` +
        "convert it and save it again",
    );
  if (!isCounts(shape) || !isCounts(offsets) || offsets.length !== 2)
    throw new DataError(
      "weights-damaged",
      { source, reason: `shape or data_offsets of "${name}"` },
      `${source}: tensor "${name}" has a malformed shape or data_offsets; the file is damaged`,
    );
  const [begin, end] = offsets as [number, number];
  const needed = elementCount(shape) * storedTypes[type].size;
  if (end - begin !== needed)
    throw new DataError(
      "weights-damaged",
      { source, reason: `data_offsets of "${name}"`, found: end - begin, expected: needed },
      `${source}: tensor "${name}" of ${dtype} [${shape}] needs ${needed} bytes, but its offsets give ${end - begin}; the file is damaged`,
    );
  return { name, type, shape, begin, end };
}

/**
 * The bytes of a safetensors file. Larger elements come first, then by name, as the reference implementation orders them, so
 * that every tensor is aligned and the same tensors give the same file.
 *
 * @throws {DataError} for an element type that the format does not have (4-bit codes).
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const sorted = [...tensors].sort(
    ([a, { data: x }], [b, { data: y }]) => y.BYTES_PER_ELEMENT - x.BYTES_PER_ELEMENT || (a < b ? -1 : 1),
  );
  const entries: [string, unknown][] = Object.keys(metadata).length > 0 ? [[METADATA, metadata]] : [];
  let size = 0;
  for (const [name, { dtype, shape, data }] of sorted) {
    const type = namesOfTypes.get(dtype);
    if (!type || name === METADATA)
      throw new DataError(
        "weights-unsupported",
        { source: name, reason: `element type ${dtype}` },
        `a tensor "${name}" of ${dtype} cannot be stored as safetensors; rename or convert it`,
      );
    entries.push([name, { dtype: type, shape, data_offsets: [size, size + data.byteLength] }]);
    size += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const headerBytes = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const file = new Uint8Array(8 + headerBytes + size);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.set(json, 8);
  file.fill(0x20, 8 + json.length, 8 + headerBytes);
  let position = 8 + headerBytes;
  for (const [, { data }] of sorted) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return file;
}
