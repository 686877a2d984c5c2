/**
 * @file Reads a `.sbq` file from an untrusted source. Lengths are checked before memory of that length is allocated,
 * every JSON value is checked against its type, every block against its checksum, and the whole program by
 * `checkProgram`. If anything is wrong, a FormatError names the field.
 */

import { checkOptions, wrongArgument } from "../arguments.js";
import { damaged, FormatError, invalid, tooLarge } from "../errors.js";
import type { Field } from "../operators/definition.js";
import { operators } from "../operators/index.js";
import { type CheckOptions, checkOptionTypes, checkReadProgram, defaultMaxBytes } from "../program/check.js";
import type { Operator, OperatorType, Preprocessing, Program, QuantizedTensor } from "../program/program.js";
import { BlockReader } from "./blocks.js";
import { crc32c } from "./crc32c.js";
import { fieldCodecs } from "./fields.js";
import { parseJson, plain } from "./json.js";
import { JsonNode } from "./json-node.js";
import { checksumOffset, formatVersion, headerStart, magic, maxHeaderBytes } from "./layout.js";

/** Longest list in a header. It only bounds the work; `checkProgram` has the limits of the format. */
const maxEntries = 2 ** 20;

/**
 * @param file  The whole file. The program refers to its packed weights, so it must not change while the program is in use.
 * @throws {FormatError} for anything but a complete, undamaged file of this version within the limits.
 */
export function readSbq(file: Uint8Array, options: CheckOptions = {}): Program {
  checkOptions(options, checkOptionTypes);
  if (!(file instanceof Uint8Array)) throw wrongArgument("the file", file, "a Uint8Array");
  // Node's `Buffer` is a Uint8Array too, but its `slice` copies nothing. An array whose memory was transferred has
  // length 0, and cannot be viewed.
  const bytes = file.length === 0 ? new Uint8Array() : new Uint8Array(file.buffer, file.byteOffset, file.length);
  const maxBytes = options.maxBytes ?? defaultMaxBytes;
  // Packed codes unpack to at most four times their bytes, so this and checkProgram bound what is allocated.
  if (bytes.length > maxBytes)
    throw tooLarge(
      "file",
      bytes.length,
      maxBytes,
      `has ${bytes.length} bytes, more than the limit of ${maxBytes}; raise maxBytes`,
    );
  const { root, end } = readHeader(bytes);
  const members = root.object(
    ["name", "classes", "input", "inputTables", "preprocessing", "provenance", "tensors", "operators", "blocks"],
    ["labels", "probabilities"],
  );
  const blocks = new BlockReader(bytes, members.blocks, end);
  const tables = blocks.take(members.inputTables);
  if (tables.length % 256 !== 0) members.inputTables.fail(`must refer to 256 bytes per channel, has ${tables.length}`);
  const program: Program = {
    name: members.name.text(),
    tensors: members.tensors.list(maxEntries).map(readTensor),
    input: members.input.integer(),
    inputTables: Array.from({ length: tables.length / 256 }, (_, c) => tables.slice(256 * c, 256 * (c + 1))),
    operators: members.operators.list(maxEntries).map((node) => readOperator(node, blocks)),
    classes: members.classes.integer(),
    ...(members.labels === undefined ? {} : { labels: members.labels.list(maxEntries).map((label) => label.text()) }),
    ...(members.probabilities === undefined
      ? {}
      : { probabilities: members.probabilities.text() as NonNullable<Program["probabilities"]> }),
    preprocessing: readPreprocessing(members.preprocessing),
    provenance: plain(members.provenance.members(), "provenance") as Program["provenance"],
  };
  blocks.finish();
  checkReadProgram(program, maxBytes);
  return program;
}

/** Reads the fixed part and the JSON text. */
function readHeader(bytes: Uint8Array): { root: JsonNode; end: number } {
  if (bytes.length < headerStart || magic.some((byte, i) => bytes[i] !== byte))
    throw new FormatError("not-sbq", { field: "magic" }, `magic: ${describeForeign(bytes)}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(4, true);
  if (version !== formatVersion)
    throw new FormatError(
      "sbq-version",
      { field: "version", found: version, expected: formatVersion },
      `version: is ${version}, this reader knows version ${formatVersion}; use a newer engine`,
    );
  const length = view.getBigUint64(8, true);
  if (length > BigInt(Math.min(maxHeaderBytes, bytes.length - headerStart)))
    throw damaged(
      "headerLength",
      `is ${length}; the file has ${bytes.length} bytes, a header at most ${maxHeaderBytes}`,
    );
  const end = headerStart + Number(length);
  const text = bytes.slice(headerStart, end);
  const found = crc32c(text, crc32c(bytes.subarray(0, checksumOffset)));
  const expected = view.getUint32(checksumOffset, true);
  if (found !== expected)
    throw damaged("headerChecksum", `the header has checksum ${found}, the file says ${expected}; the file is damaged`);
  return { root: new JsonNode(parseJson(decodeUtf8(text), "header"), ""), end };
}

/** Says what a file is that does not begin as a `.sbq` file does. Many servers send a page for an address without a file. */
function describeForeign(bytes: Uint8Array): string {
  if (bytes.length === 0) return "this file is empty";
  const start = new TextDecoder().decode(bytes.subarray(0, 200)).trimStart();
  if (/^<(!doctype|html|\?xml|!--)/i.test(start))
    return "this is a web page, not a .sbq file; probably there is no file at this address, so check it";
  return 'this is not a .sbq file, because it does not begin with "SBQ\\0"; quantize a float network to make one';
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw damaged("header", "is not UTF-8", { cause });
  }
}

function readTensor(node: JsonNode): QuantizedTensor {
  if (Object.hasOwn(node.members(), "channelBits"))
    throw invalid(
      `${node.field}.channelBits`,
      "bit widths of single channels are not supported any more; quantize the network again",
    );
  const members = node.object(["name", "shape", "bits", "scale", "zeroPoint"]);
  return {
    name: members.name.text(),
    shape: members.shape.integers(),
    bits: members.bits.integer(),
    scale: members.scale.number(),
    zeroPoint: members.zeroPoint.integer(),
  };
}

function readOperator(node: JsonNode, blocks: BlockReader): Operator {
  const type = new JsonNode(node.members().op, "op", node).text();
  if (!Object.hasOwn(operators, type)) throw invalid(`${node.field}.op`, `is no operator of the engine: ${type}`);
  const { fields, names, required } = schemaOf(type as OperatorType);
  const members = node.object(required, names) as Readonly<Record<string, JsonNode | undefined>>;
  const op: Record<string, unknown> = { op: type, name: members.name!.text() };
  for (const name of names) {
    const member = members[name];
    const field = fields[name]!;
    if (member !== undefined) op[name] = fieldCodecs[field.kind].read(member, blocks, field);
  }
  return op as unknown as Operator;
}

interface OperatorSchema {
  readonly fields: Readonly<Record<string, Field>>;
  readonly names: readonly string[];
  /** Names of the fields that every operator of this type has in the header. */
  readonly required: readonly string[];
}

const schemas = new Map<OperatorType, OperatorSchema>();

function schemaOf(type: OperatorType): OperatorSchema {
  let schema = schemas.get(type);
  if (schema === undefined) {
    const fields: OperatorSchema["fields"] = operators[type].fields;
    const names = Object.keys(fields);
    schema = { fields, names, required: ["op", "name", ...names.filter((name) => !fields[name]!.optional)] };
    schemas.set(type, schema);
  }
  return schema;
}

function readPreprocessing(node: JsonNode): Preprocessing {
  const members = node.object(["channels", "height", "width", "resize", "mean", "std"], ["resizeTo"]);
  const numbers = (list: JsonNode) => list.list(3).map((item) => item.number());
  return {
    channels: members.channels.integer() as Preprocessing["channels"],
    height: members.height.integer(),
    width: members.width.integer(),
    resize: members.resize.text() as Preprocessing["resize"],
    ...(members.resizeTo === undefined ? {} : { resizeTo: members.resizeTo.integer() }),
    mean: numbers(members.mean),
    std: numbers(members.std),
  };
}
