/**
 * @file The global names that pickles in PyTorch's checkpoints may use: containers, tensor constructors and storage
 * types. Tensors stay views of storages until the bytes of the storages are known.
 */

import { DataError } from "../errors.js";
import type { PickleGlobals } from "./pickle.js";
import type { StoredType } from "./stored-tensor.js";

/** The element type of `torch.FloatStorage` and similar classes. */
class StorageType {
  constructor(readonly type: StoredType) {}
}

/** One-dimensional memory; tensors are views of it. */
export class Storage {
  /** The storage's content, set by the container's reader. */
  bytes: Uint8Array | undefined;

  constructor(
    readonly key: string,
    readonly type: StoredType,
    /** Number of elements. */
    readonly length: number,
  ) {}
}

/** A tensor of a checkpoint; offset and strides count elements. */
export class TensorView {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Largest number of dimensions of a tensor, as in PyTorch. */
const MAX_DIMENSIONS = 64;

const isDimensions = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length <= MAX_DIMENSIONS && value.every(isCount);

/** `torch._utils._rebuild_tensor` and, with three more arguments that do not concern the values, `_rebuild_tensor_v2`. */
function rebuildTensor(storage: unknown, offset: unknown, shape: unknown, strides: unknown): TensorView {
  if (
    !(storage instanceof Storage && isCount(offset) && isDimensions(shape) && isDimensions(strides)) ||
    shape.length !== strides.length
  )
    throw new DataError(
      "weights-damaged",
      { source: "the checkpoint", reason: "storage, offset, shape or strides of a tensor" },
      "the checkpoint describes a tensor whose storage, offset, shape or strides make no sense; it is damaged: download or save it again",
    );
  return new TensorView(storage, offset, shape, strides);
}

/** Takes the items out of a list, so that no list is used for more than one container. */
const take = (items: unknown): unknown[] => (Array.isArray(items) ? items.splice(0) : []);

const isPair = (item: unknown): item is [unknown, unknown] => Array.isArray(item) && item.length === 2;

const makeDict = (items?: unknown) => new Map(take(items).filter(isPair));

/** Replaces values without weights: options, devices. */
const ignore = () => null;

const storageTypes: Readonly<Record<string, StoredType>> = {
  DoubleStorage: "float64",
  FloatStorage: "float32",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
};

/** All allowed names. */
export const torchGlobals: PickleGlobals = new Map<string, unknown>([
  ["collections.OrderedDict", makeDict],
  ["collections.defaultdict", () => new Map()],
  ["collections.Counter", () => new Map()],
  ["builtins.set", (items?: unknown) => new Set(take(items))],
  ["__builtin__.set", (items?: unknown) => new Set(take(items))],
  ["torch._utils._rebuild_tensor", rebuildTensor],
  ["torch._utils._rebuild_tensor_v2", rebuildTensor],
  ["torch._utils._rebuild_parameter", (data: unknown) => data],
  ["torch._utils._rebuild_parameter_with_state", (data: unknown) => data],
  ["torch.Size", (dims: unknown) => dims],
  ...Object.entries(storageTypes).map(([name, type]) => [`torch.${name}`, new StorageType(type)] as const),
  ["torch.device", ignore],
  ["argparse.Namespace", ignore],
  ["_codecs.encode", ignore],
  ...["list", "dict", "int", "float"].flatMap(
    (name) => ["builtins", "__builtin__"].map((module) => [`${module}.${name}`, null] as const), // for defaultdict
  ),
  ...["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"].map(
    (name) => [`torch.${name}`, null] as const,
  ),
]);

/**
 * Modules whose objects training scripts save together with the weights: dates, paths, values of NumPy, settings, states of
 * optimizers and of Lightning.
 */
export const withoutWeights =
  /^(datetime|pathlib|decimal|fractions|uuid|enum|types|numpy|omegaconf|yacs|easydict|addict|ml_collections|mmengine|torch\.optim|pytorch_lightning|lightning|lightning_fabric)\./;

/** Whether a value is a storage's key: a text or, in files of old versions, a number. */
export const isStorageKey = (key: unknown): key is string | number => typeof key === "string" || isCount(key);

/**
 * A storage from its persistent id: `("storage", type, key, location, length)`, in the old format followed by
 * `None` or `(view key, offset, length)`.
 */
export function storageOf(id: unknown, storages: Map<string, Storage>, source: string): Storage {
  const [kind, type, key, , length, view] = Array.isArray(id) ? id : [];
  if (kind !== "storage" || !(type instanceof StorageType) || !isStorageKey(key) || !isCount(length))
    throw new DataError(
      "weights-unsupported",
      { source, reason: "data outside the pickle" },
      `${source} refers to data outside its pickle in an unknown way; save the bare state_dict() again`,
    );
  if (view !== undefined && view !== null)
    throw new DataError(
      "weights-unsupported",
      { source, reason: "views of storages" },
      `${source} was written by a PyTorch before 0.4 with views of storages; save it again with a newer one`,
    );
  const name = String(key);
  const known = storages.get(name);
  if (known) return known;
  const storage = new Storage(name, type.type, length);
  storages.set(name, storage);
  return storage;
}
