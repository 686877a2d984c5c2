/** @file Tensor data as bytes: little-endian, row-major; an element of BYTES is a uint32 length and that many bytes. */

import { wrongCount, wrongTensor } from "./errors.js";
import { arrayOfBytes, bytesOfArray, type Datatype, elementBytes, elementCount, type Tensor } from "./tensor.js";

/** @throws {ServerError} if the bytes do not fit the shape. */
export function tensorOfBytes(name: string, datatype: Datatype, shape: readonly number[], bytes: Uint8Array): Tensor {
  const count = elementCount(shape);
  if (datatype === "BYTES") return { name, datatype, shape, data: elementsOf(name, bytes, count) };
  const size = elementBytes(datatype);
  if (bytes.length !== count * size)
    throw wrongTensor(
      `The tensor "${name}" of shape [${shape}] and type ${datatype} has ${count * size} bytes, got ${bytes.length}.`,
    );
  return { name, datatype, shape, data: arrayOfBytes(datatype, bytes) };
}

function elementsOf(name: string, bytes: Uint8Array, count: number): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (elements.length === count) throw wrongCount(name, [count], count + 1);
    const length = at + 4 <= bytes.length ? view.getUint32(at, true) : Number.POSITIVE_INFINITY;
    if (at + 4 + length > bytes.length)
      throw wrongTensor(
        `The tensor "${name}" ends within element ${elements.length}.`,
        "Each element of BYTES is its length as uint32, then so many bytes.",
      );
    elements.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  if (elements.length !== count) throw wrongCount(name, [count], elements.length);
  return elements;
}

export function dataToBytes(tensor: Tensor): Uint8Array {
  if (tensor.datatype !== "BYTES") return bytesOfArray(tensor.data);
  return Buffer.concat(
    tensor.data.flatMap((bytes) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}
