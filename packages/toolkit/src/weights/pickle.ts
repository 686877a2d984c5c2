/**
 * @file A reader for Python's pickle format, protocols 2 to 5, that executes nothing.
 *
 * A pickle is a program for a small stack machine (`Lib/pickletools.py` documents every opcode). It is dangerous because GLOBAL
 * names any importable function, and REDUCE calls it. Here, a name has the value in the caller's table, and reading ends at a
 * name that is not in the table. State set by BUILD is dropped, because tensors do not use it. Objects of modules that are
 * known to have no weights (dates, paths, settings) are skipped.
 *
 * Python becomes: None → null, int → number or bigint, str → string, bytes → Uint8Array, list and tuple → array, dict → Map,
 * set → Set.
 */

import { DataError } from "../errors.js";
import { ByteReader } from "./byte-reader.js";

/** The values of global names. REDUCE and NEWOBJ may call those that are functions; other values are only passed on. */
export type PickleGlobals = ReadonlyMap<string, unknown>;

/** Replaces an object without weights, and its constructor; all arguments are dropped. */
class Opaque {}

export interface UnpickleOptions {
  /** The name of the file in messages. */
  readonly source: string;
  /** The values of global names, by `module.name`. */
  readonly globals: PickleGlobals;
  /** Names whose values become an `Opaque`. */
  readonly opaque?: RegExp;
  /** Resolves a persistent id, which stands for data outside the pickle. */
  readonly persistent?: (id: unknown) => unknown;
}

/**
 * Largest number of opcodes; the state of a ResNet-152 takes forty thousand. Without a limit, a file of opcodes could fill the
 * memory.
 */
const MAX_OPCODES = 2_000_000;

/** The largest number of arguments of a constructor. */
const MAX_ARGUMENTS = 16;

/** Longest integer, in bytes. */
const MAX_INTEGER_BYTES = 32;

const text = new TextDecoder();

/** The stack machine's state, and the operations from which opcodes are built. */
class Machine {
  readonly reader: ByteReader;
  readonly options: UnpickleOptions;
  /** Values above the innermost mark; the stacks below each mark wait in `#outer`. */
  stack: unknown[] = [];
  readonly #outer: unknown[][] = [];
  readonly #memo = new Map<number, unknown>();

  constructor(reader: ByteReader, options: UnpickleOptions) {
    this.reader = reader;
    this.options = options;
  }

  push(value: unknown): void {
    this.stack.push(value);
  }

  pop(): unknown {
    if (this.stack.length === 0) this.reader.fail("takes a value from an empty pickle stack");
    return this.stack.pop();
  }

  top(): unknown {
    if (this.stack.length === 0) this.reader.fail("reads the top of an empty pickle stack");
    return this.stack.at(-1);
  }

  /** The topmost `count` values, in the order they were pushed. */
  popMany(count: number): unknown[] {
    if (this.stack.length < count) this.reader.fail("takes more values than the pickle stack has");
    return this.stack.splice(this.stack.length - count);
  }

  mark(): void {
    this.#outer.push(this.stack);
    this.stack = [];
  }

  /** Removes the innermost mark and returns everything above it. */
  popMark(): unknown[] {
    const values = this.stack;
    this.stack = this.#outer.pop() ?? this.reader.fail("takes a pickle mark that was never set");
    return values;
  }

  memoize(index = this.#memo.size): void {
    this.#memo.set(index, this.top());
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) this.reader.fail(`reads memo entry ${index}, which was never written`);
    this.push(this.#memo.get(index));
  }

  append(items: readonly unknown[]): void {
    const list = this.top();
    if (list instanceof Opaque) return;
    if (!Array.isArray(list)) return this.reader.fail("appends to something that is not a list");
    for (const item of items) list.push(item);
  }

  dict(items: readonly unknown[]): void {
    this.push(new Map());
    this.setItems(items);
  }

  /** Adds keys and values, which alternate, to the dict on top. */
  setItems(items: readonly unknown[]): void {
    const dict = this.top();
    if (dict instanceof Opaque) return;
    if (!(dict instanceof Map) || items.length % 2 !== 0)
      return this.reader.fail("sets items of something that is not a dict");
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }

  addItems(items: readonly unknown[]): void {
    const set = this.top();
    if (set instanceof Opaque) return;
    if (!(set instanceof Set)) return this.reader.fail("adds to something that is not a set");
    for (const item of items) set.add(item);
  }

  /**
   * The value of `module.name`.
   *
   * @throws {DataError} if it is not in the table
   */
  global(module?: unknown, name?: unknown): void {
    const { globals, opaque, source } = this.options;
    if (typeof module !== "string" || typeof name !== "string") return this.reader.fail("has a global without a name");
    const path = `${module}.${name}`.slice(0, 200);
    if (!globals.has(path) && opaque?.test(path)) return this.push(new Opaque());
    if (!globals.has(path))
      throw new DataError(
        "weights-unsupported",
        { source, reason: `the Python object ${path}` },
        `${source} holds the Python object ${JSON.stringify(path)}, and Subbyte runs no Python code; export the network to ` +
          "ONNX and give that file or, if its architecture is built in, save its weights alone with torch.save(model.state_dict(), path)",
      );
    this.push(globals.get(path));
  }

  call(callee?: unknown, args?: unknown): void {
    if (callee instanceof Opaque) return this.push(callee);
    if (typeof callee !== "function" || !Array.isArray(args) || args.length > MAX_ARGUMENTS)
      return this.reader.fail("calls something that is not a constructor");
    this.push(callee(...args));
  }

  /** An integer in two's complement, little-endian. */
  integer(length: number): number | bigint {
    if (length > MAX_INTEGER_BYTES) this.reader.fail(`has an integer of ${length} bytes`);
    const bytes = this.reader.bytes(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
    value = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  persistent(id: unknown): unknown {
    return this.options.persistent?.(id) ?? this.reader.fail("refers to data outside itself that it does not have");
  }
}

/** The opcodes of protocols 2 to 5; those that only the text protocols 0 and 1 have are refused. */
const OPCODES: Readonly<Record<number, (m: Machine, r: ByteReader) => void>> = {
  128: (_, r) => void r.uint8(), // PROTO
  149: (_, r) => void r.length64(), // FRAME: a hint for reading ahead, which is ignored

  78: (m) => m.push(null), // NONE
  136: (m) => m.push(true), // NEWTRUE
  137: (m) => m.push(false), // NEWFALSE
  74: (m, r) => m.push(r.int32()), // BININT
  75: (m, r) => m.push(r.uint8()), // BININT1
  77: (m, r) => m.push(r.uint16()), // BININT2
  138: (m, r) => m.push(m.integer(r.uint8())), // LONG1
  139: (m, r) => m.push(m.integer(r.uint32())), // LONG4
  71: (m, r) => m.push(r.float64BigEndian()), // BINFLOAT

  84: (m, r) => m.push(text.decode(r.bytes(r.uint32()))), // BINSTRING
  85: (m, r) => m.push(text.decode(r.bytes(r.uint8()))), // SHORT_BINSTRING
  88: (m, r) => m.push(text.decode(r.bytes(r.uint32()))), // BINUNICODE
  140: (m, r) => m.push(text.decode(r.bytes(r.uint8()))), // SHORT_BINUNICODE
  141: (m, r) => m.push(text.decode(r.bytes(r.length64()))), // BINUNICODE8
  66: (m, r) => m.push(r.bytes(r.uint32())), // BINBYTES
  67: (m, r) => m.push(r.bytes(r.uint8())), // SHORT_BINBYTES
  142: (m, r) => m.push(r.bytes(r.length64())), // BINBYTES8
  150: (m, r) => m.push(r.bytes(r.length64())), // BYTEARRAY8

  93: (m) => m.push([]), // EMPTY_LIST
  97: (m) => m.append([m.pop()]), // APPEND
  101: (m) => m.append(m.popMark()), // APPENDS
  108: (m) => m.push(m.popMark()), // LIST
  41: (m) => m.push([]), // EMPTY_TUPLE
  133: (m) => m.push(m.popMany(1)), // TUPLE1
  134: (m) => m.push(m.popMany(2)), // TUPLE2
  135: (m) => m.push(m.popMany(3)), // TUPLE3
  116: (m) => m.push(m.popMark()), // TUPLE
  125: (m) => m.push(new Map()), // EMPTY_DICT
  115: (m) => m.setItems(m.popMany(2)), // SETITEM
  117: (m) => m.setItems(m.popMark()), // SETITEMS
  100: (m) => m.dict(m.popMark()), // DICT
  143: (m) => m.push(new Set()), // EMPTY_SET
  144: (m) => m.addItems(m.popMark()), // ADDITEMS
  145: (m) => m.push(new Set(m.popMark())), // FROZENSET

  40: (m) => m.mark(), // MARK
  48: (m) => void m.pop(), // POP
  49: (m) => void m.popMark(), // POP_MARK
  50: (m) => m.push(m.top()), // DUP
  113: (m, r) => m.memoize(r.uint8()), // BINPUT
  114: (m, r) => m.memoize(r.uint32()), // LONG_BINPUT
  148: (m) => m.memoize(), // MEMOIZE
  104: (m, r) => m.recall(r.uint8()), // BINGET
  106: (m, r) => m.recall(r.uint32()), // LONG_BINGET

  99: (m, r) => m.global(text.decode(r.line()), text.decode(r.line())), // GLOBAL
  147: (m) => m.global(...m.popMany(2)), // STACK_GLOBAL
  82: (m) => m.call(...m.popMany(2)), // REDUCE
  129: (m) => m.call(...m.popMany(2)), // NEWOBJ
  146: (m) => m.call(...m.popMany(3)), // NEWOBJ_EX
  98: (m) => void m.pop(), // BUILD
  81: (m) => m.push(m.persistent(m.pop())), // BINPERSID
};

const STOP = 46;

/**
 * Reads the pickle that starts at `start`.
 *
 * @returns the value, and the index of the byte after the pickle.
 * @throws {DataError} for damaged input, a global outside the table, or an endless program.
 */
export function unpickle(bytes: Uint8Array, options: UnpickleOptions, start = 0): { value: unknown; end: number } {
  const reader = new ByteReader(bytes, options.source, start);
  const machine = new Machine(reader, options);
  for (let count = 0; count < MAX_OPCODES; count++) {
    const opcode = reader.uint8();
    if (opcode === STOP) return { value: machine.pop(), end: reader.position };
    const execute =
      OPCODES[opcode] ?? reader.fail(`has the pickle opcode ${opcode}, which protocols 2 to 5 do not have`);
    execute(machine, reader);
  }
  return reader.fail(`has a pickle of more than ${MAX_OPCODES} steps`);
}
