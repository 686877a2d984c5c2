/** @file Tensor data in JSON: flat or nested arrays, row-major. */

import { wrongCount, wrongTensor } from "./errors.js";
import {
  type Datatype,
  elementCount,
  type NumericArray,
  type NumericDatatype,
  newArray,
  type Tensor,
} from "./tensor.js";

/** Ranges of the integer types. */
const ranges: Partial<Record<NumericDatatype, readonly [number, number]>> = {
  UINT8: [0, 255],
  UINT16: [0, 65_535],
  UINT32: [0, 2 ** 32 - 1],
  INT8: [-128, 127],
  INT16: [-32_768, 32_767],
  INT32: [-(2 ** 31), 2 ** 31 - 1],
};

/** @throws {ServerError} if elements have another type, or if their number does not fit the shape. */
export function tensorOfJson(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  data: readonly unknown[],
): Tensor {
  const count = elementCount(shape);
  const flat = data.some(Array.isArray) ? flattened(name, data, count) : data;
  if (flat.length !== count) throw wrongCount(name, shape, flat.length);
  if (datatype === "BYTES") {
    const wrong = flat.find((value) => typeof value !== "string");
    if (wrong !== undefined) throw wrongElement(name, datatype, wrong);
    return { name, datatype, shape, data: flat.map((text) => Buffer.from(text as string, "utf8")) };
  }
  return { name, datatype, shape, data: numbers(name, datatype, flat) };
}

function flattened(name: string, data: readonly unknown[], count: number): unknown[] {
  const flat: unknown[] = [];
  const visit = (values: readonly unknown[], depth: number): void => {
    if (depth > 16) throw wrongTensor(`The tensor "${name}" is nested more than 16 levels deep.`);
    for (const value of values) {
      if (Array.isArray(value)) visit(value, depth + 1);
      else flat.push(value);
      if (flat.length > count)
        throw wrongTensor(`The tensor "${name}" has more elements than its shape says (${count}).`);
    }
  };
  visit(data, 1);
  return flat;
}

function numbers(name: string, datatype: NumericDatatype, flat: readonly unknown[]): NumericArray {
  if (datatype === "FP16" || datatype === "BF16")
    throw wrongTensor(
      `The tensor "${name}" is ${datatype}, which JSON cannot carry exactly.`,
      "Send it as binary data.",
    );
  const array = newArray(datatype, flat.length);
  const range = ranges[datatype];
  for (let i = 0; i < flat.length; i++) {
    const value = flat[i];
    if (datatype === "BOOL" && typeof value === "boolean") array[i] = value ? 1 : 0;
    else if (array instanceof BigInt64Array || array instanceof BigUint64Array)
      array[i] = bigInteger(name, datatype, value);
    else if (datatype === "BOOL" || typeof value !== "number" || (range && !inRange(value, range)))
      throw wrongElement(name, datatype, value);
    else array[i] = value;
  }
  return array;
}

const inRange = (value: number, [low, high]: readonly [number, number]): boolean =>
  Number.isInteger(value) && value >= low && value <= high;

function bigInteger(name: string, datatype: "UINT64" | "INT64" | NumericDatatype, value: unknown): bigint {
  const isInteger = Number.isInteger(value) || (typeof value === "string" && /^-?\d{1,20}$/.test(value));
  const big = isInteger ? BigInt(value as number | string) : undefined;
  const [low, high] = datatype === "UINT64" ? [0n, 2n ** 64n - 1n] : [-(2n ** 63n), 2n ** 63n - 1n];
  if (big === undefined || big < low || big > high) throw wrongElement(name, datatype, value);
  return big;
}

/** The tensor's data as JSON values. */
export function dataToJson(tensor: Tensor): unknown[] {
  if (tensor.datatype === "BYTES") return tensor.data.map((bytes) => Buffer.from(bytes).toString("utf8"));
  if (tensor.datatype === "BOOL") return Array.from(tensor.data as Uint8Array, (value) => value !== 0);
  if (tensor.data instanceof BigInt64Array || tensor.data instanceof BigUint64Array)
    return Array.from(tensor.data, (value) => Number(value));
  return Array.from(tensor.data as Float32Array);
}

const wrongElement = (name: string, datatype: Datatype, value: unknown) =>
  wrongTensor(`The tensor "${name}" is ${datatype} and cannot have the element ${shortJson(value)}.`);

const shortJson = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
};
