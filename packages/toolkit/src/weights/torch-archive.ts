/**
 * @file The two containers that `torch.save` writes.
 *
 * Since 1.6: an uncompressed zip archive of `<name>/data.pkl`, the object's pickle, `<name>/data/<key>` for each storage, and
 * (since 2.1) `<name>/byteorder`. Before: five pickles one after another (magic number, protocol version, facts about the
 * machine, the object, the keys of the storages), then for each key the element count as int64 and the elements.
 */

import { unzipSync } from "fflate";
import { DataError } from "../errors.js";
import { ByteReader } from "./byte-reader.js";
import { unpickle } from "./pickle.js";
import { storedTypes } from "./stored-tensor.js";
import { isStorageKey, type Storage, storageOf, torchGlobals, withoutWeights } from "./torch-pickle.js";

/** `0x1950a86a20f9469cfc6c`, the first pickle of the old format. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;

/**
 * Bytes of the smallest entry in a zip archive's directory. It limits the number of entries, because fflate trusts the number
 * in the file.
 */
const MIN_ENTRY_BYTES = 46;

/** torch.save does not compress, so a file that unpacks to many times its size is not a checkpoint. */
const MAX_INFLATION = 4;

export const isZip = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;

/** A PROTO opcode of the binary protocols. */
export const isPickle = (bytes: Uint8Array): boolean => bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5;

const readPickle = (bytes: Uint8Array, storages: Map<string, Storage>, source: string, start = 0) =>
  unpickle(
    bytes,
    { source, globals: torchGlobals, opaque: withoutWeights, persistent: (id) => storageOf(id, storages, source) },
    start,
  );

/**
 * The object in a zip checkpoint.
 *
 * @throws {DataError} if it is damaged or not a checkpoint
 */
export function readZipCheckpoint(bytes: Uint8Array, source: string): unknown {
  const entries = unzip(bytes, source);
  const root = [...entries.keys()].find((name) => name.endsWith("/data.pkl"))?.slice(0, -"data.pkl".length);
  if (root === undefined)
    throw new DataError(
      "weights-format",
      { source, reason: "no data.pkl" },
      `${source} is a zip archive without a data.pkl, so not a PyTorch checkpoint; give the .pt or .pth file`,
    );
  if (entries.has(`${root}constants.pkl`))
    throw new DataError(
      "weights-unsupported",
      { source, reason: "TorchScript" },
      `${source} is a TorchScript program, not a checkpoint; save torch.jit.load(path).state_dict() with torch.save, or export to ONNX`,
    );
  const order = entries.get(`${root}byteorder`);
  if (order && new TextDecoder().decode(order) !== "little") refuseBigEndian(source);
  const storages = new Map<string, Storage>();
  const { value } = readPickle(entries.get(`${root}data.pkl`)!, storages, source);
  for (const storage of storages.values()) {
    storage.bytes = entries.get(`${root}data/${storage.key}`);
    const needed = storage.length * storedTypes[storage.type].size;
    if (!storage.bytes || storage.bytes.length < needed)
      throw new DataError(
        "weights-damaged",
        { source, reason: `storage ${storage.key}` },
        `${source}: storage ${storage.key} needs ${needed} bytes, but the archive has ${storage.bytes?.length ?? "none"}; ` +
          "the file is damaged: copy or download it again",
      );
  }
  return value;
}

function unzip(bytes: Uint8Array, source: string): Map<string, Uint8Array> {
  let count = 0;
  let total = 0;
  const filter = ({ originalSize }: { originalSize: number }) => {
    if (++count * MIN_ENTRY_BYTES > bytes.length)
      throw new DataError(
        "weights-damaged",
        { source, reason: "more files announced than there are" },
        `${source} is a zip archive that announces more files than it has; copy or download it again`,
      );
    total += originalSize;
    if (total > bytes.length * MAX_INFLATION)
      throw new DataError(
        "weights-unsupported",
        { source, reason: "unpacks to too many bytes" },
        `${source} is a zip archive that unpacks to more than ${MAX_INFLATION} times its size, so it is not a checkpoint`,
      );
    return true;
  };
  try {
    return new Map(Object.entries(unzipSync(bytes, { filter })));
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    throw new DataError(
      "weights-damaged",
      { source, reason: (cause as Error).message },
      `${source} is a zip archive cut short or damaged (${(cause as Error).message}); copy or download it again`,
      { cause },
    );
  }
}

/**
 * The object in a checkpoint of the old format.
 *
 * @throws {DataError} if it is damaged or another pickle
 */
export function readLegacyCheckpoint(bytes: Uint8Array, source: string): unknown {
  const storages = new Map<string, Storage>();
  const magic = readPickle(bytes, storages, source);
  if (magic.value !== MAGIC)
    throw new DataError(
      "weights-format",
      { source, reason: "not written by torch.save" },
      `${source} is a Python pickle, but not one that torch.save wrote; save the weights with torch.save`,
    );
  const protocol = readPickle(bytes, storages, source, magic.end);
  if (protocol.value !== LEGACY_PROTOCOL) {
    const version = typeof protocol.value === "number" ? `version ${protocol.value}` : "an unknown version";
    throw new DataError(
      "weights-unsupported",
      { source, reason: `${version} of the old format` },
      `${source} has ${version} of PyTorch's old format; only ${LEGACY_PROTOCOL} is known`,
    );
  }
  const machine = readPickle(bytes, storages, source, protocol.end);
  if (machine.value instanceof Map && machine.value.get("little_endian") === false) refuseBigEndian(source);
  const object = readPickle(bytes, storages, source, machine.end);
  const keys = readPickle(bytes, storages, source, object.end);
  const reader = new ByteReader(bytes, source, keys.end);
  for (const key of Array.isArray(keys.value) ? keys.value : []) {
    if (!isStorageKey(key)) reader.fail("has a key of a storage that is neither a text nor a number");
    const storage = storages.get(String(key)) ?? reader.fail("lists a storage that no tensor uses");
    const length = reader.length64();
    if (length !== storage.length) reader.fail(`has ${length} elements in a storage of ${storage.length}`);
    storage.bytes = reader.bytes(length * storedTypes[storage.type].size);
  }
  for (const storage of storages.values()) if (!storage.bytes) reader.fail("lacks a storage that a tensor uses");
  return object.value;
}

function refuseBigEndian(source: string): never {
  throw new DataError(
    "weights-unsupported",
    { source, reason: "big-endian" },
    `${source} was written on a big-endian machine; load and save it again on a little-endian one`,
  );
}
