/** @file Reads and writes `.tflite` files: FlatBuffers tables by the schema. */

import { Builder, ByteBuffer } from "flatbuffers";
import { fieldsOf, type OptionsValue, optionTypes, type Table, type TableName } from "./schema.js";

const FILE_IDENTIFIER = "TFL3";

/** Alignment of weights in the file; runtimes map the file and compute on it. */
const BUFFER_ALIGNMENT = 16;

type Fields = Readonly<Record<string, unknown>>;

const slotsOf = (type: string): number => (type === "union" ? 2 : 1);

/** `[type, default]` of a field such as `int32=1`. */
function scalarOf(type: string): readonly [string, number] {
  const [name, otherwise = "0"] = type.split("=") as [string, string?];
  return [name, Number(otherwise)];
}

/** The bytes of a `.tflite` file. */
export function writeTflite(model: Table<"Model">): Uint8Array<ArrayBuffer> {
  const size = (model.buffers ?? []).reduce((sum, { data }) => sum + (data?.length ?? 0) + BUFFER_ALIGNMENT, 2 ** 16);
  const builder = new Builder(size);
  builder.finish(writeTable(builder, "Model", model), FILE_IDENTIFIER);
  return builder.asUint8Array().slice();
}

function writeTable(builder: Builder, table: TableName, values: Fields): number {
  const fields = fieldsOf(table);
  // The vectors, texts and tables in a table's fields must be written before the table itself.
  const offsets = fields.map(([name, type]) =>
    values[name] === undefined ? 0 : writeReferenced(builder, type, values[name]),
  );
  builder.startObject(fields.reduce((slots, [, type]) => slots + slotsOf(type), 0));
  let slot = 0;
  for (const [i, [name, type]] of fields.entries()) {
    const value = values[name];
    if (value !== undefined) {
      const [scalar, otherwise] = scalarOf(type);
      if (scalar === "int8") builder.addFieldInt8(slot, value as number, otherwise);
      else if (scalar === "int32" || scalar === "uint32") builder.addFieldInt32(slot, value as number, otherwise);
      else if (scalar === "float32") builder.addFieldFloat32(slot, value as number, otherwise);
      else if (scalar === "bool") builder.addFieldInt8(slot, value ? 1 : 0, otherwise);
      else if (scalar === "union") {
        builder.addFieldInt8(slot, optionTypes[(value as OptionsValue).table], 0);
        builder.addFieldOffset(slot + 1, offsets[i]!, 0);
      } else builder.addFieldOffset(slot, offsets[i]!, 0);
    }
    slot += slotsOf(type);
  }
  return builder.endObject();
}

/** Writes strings, vectors and tables; returns their offset, or 0 for a scalar. */
function writeReferenced(builder: Builder, type: string, value: unknown): number {
  if (type === "string") return builder.createString(value as string);
  if (type === "union") {
    const { table, fields } = value as OptionsValue;
    return writeTable(builder, table, fields);
  }
  const element = /^\[(.*)\]$/.exec(type)?.[1];
  if (element === undefined) return /^[A-Z]/.test(type) ? writeTable(builder, type as TableName, value as Fields) : 0;
  if (element === "uint8") {
    const bytes = value as Uint8Array;
    builder.prep(BUFFER_ALIGNMENT, bytes.length);
    return builder.createByteVector(bytes);
  }
  const list = value as readonly unknown[];
  if (element === "int32" || element === "float32" || element === "int64") {
    const size = element === "int64" ? 8 : 4;
    builder.startVector(size, list.length, size);
    for (let i = list.length - 1; i >= 0; i--) {
      const number = list[i] as number;
      if (element === "int64") builder.addInt64(BigInt(number));
      else if (element === "int32") builder.addInt32(number);
      else builder.addFloat32(number);
    }
    return builder.endVector();
  }
  const offsets = list.map((each) => writeTable(builder, element as TableName, each as Fields));
  builder.startVector(4, offsets.length, 4);
  for (const offset of offsets.reverse()) builder.addOffset(offset);
  return builder.endVector();
}

/** Whether bytes begin as a `.tflite` file does. */
export const isTflite = (bytes: Uint8Array): boolean =>
  String.fromCharCode(...bytes.subarray(4, 4 + FILE_IDENTIFIER.length)) === FILE_IDENTIFIER;

/**
 * Reads every field of the schema that the file has; scalars that it leaves out get their defaults. Only for files that
 * `writeTflite` wrote.
 */
export function readTflite(bytes: Uint8Array): Table<"Model"> {
  const buffer = new ByteBuffer(bytes);
  return readTable(buffer, "Model", buffer.readInt32(0)) as Table<"Model">;
}

function readTable(buffer: ByteBuffer, table: TableName, at: number): Fields {
  const values: Record<string, unknown> = {};
  let slot = 0;
  for (const [name, type] of fieldsOf(table)) {
    const offset = buffer.__offset(at, 4 + 2 * slot);
    const value = type === "unused" ? undefined : readField(buffer, type, at, offset, slot);
    if (value !== undefined) values[name] = value;
    slot += slotsOf(type);
  }
  return values;
}

/** @param offset distance of the field from `at`; 0 if the file leaves the field out */
function readField(buffer: ByteBuffer, type: string, at: number, offset: number, slot: number): unknown {
  const [scalar, otherwise] = scalarOf(type);
  if (scalar === "bool") return offset !== 0 && buffer.readInt8(at + offset) !== 0;
  if (scalar === "int8") return offset === 0 ? otherwise : buffer.readInt8(at + offset);
  if (scalar === "int32" || scalar === "uint32") return offset === 0 ? otherwise : buffer.readInt32(at + offset);
  if (scalar === "float32") return offset === 0 ? otherwise : buffer.readFloat32(at + offset);
  if (offset === 0) return undefined;
  if (type === "string") return buffer.__string(at + offset);
  if (type === "union") {
    const number = buffer.readUint8(at + offset);
    const member = Object.entries(optionTypes).find(([, each]) => each === number)?.[0] as TableName | undefined;
    const position = buffer.__offset(at, 4 + 2 * (slot + 1));
    if (member === undefined || position === 0) return undefined;
    return { table: member, fields: readTable(buffer, member, buffer.__indirect(at + position)) };
  }
  const element = /^\[(.*)\]$/.exec(type)?.[1];
  if (element === undefined) return readTable(buffer, type as TableName, buffer.__indirect(at + offset));
  const start = buffer.__vector(at + offset);
  const length = buffer.__vector_len(at + offset);
  if (element === "uint8") return buffer.bytes().slice(start, start + length);
  if (element === "float32") return Float32Array.from({ length }, (_, i) => buffer.readFloat32(start + 4 * i));
  return Array.from({ length }, (_, i) => {
    if (element === "int32") return buffer.readInt32(start + 4 * i);
    if (element === "int64") return Number(buffer.readInt64(start + 8 * i));
    return readTable(buffer, element as TableName, buffer.__indirect(start + 4 * i));
  });
}
