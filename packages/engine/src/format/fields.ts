/**
 * @file The form of each kind of operator field in the header. The `fields` table of each operator lists its fields, so reader
 * and writer need not know operators by name.
 */

import type { Field, FieldKind, FieldTypes } from "../operators/definition.js";
import type { QuantizedWeights } from "../program/program.js";
import type { BlockReader, BlockWriter } from "./blocks.js";
import type { JsonNode } from "./json-node.js";
import { packedWeights } from "./packed-weights.js";
import { endsAreZero, packCodes, rowBytes } from "./packing.js";

interface FieldCodec<T> {
  read(node: JsonNode, blocks: BlockReader, field: Field): T;
  write(value: T, blocks: BlockWriter): unknown;
}

/** Largest number of weight codes of one output channel. */
const maxChannelCodes = 2 ** 28;

const integer: FieldCodec<number> = { read: (node) => node.integer(), write: (value) => value };

const integers: FieldCodec<readonly number[]> = {
  read: (node, _, { length }) => node.integers(length),
  write: (value) => value,
};

const weights: FieldCodec<QuantizedWeights> = {
  read(node, blocks) {
    const members = node.object(["bits", "shape", "codes", "scales"]);
    const bits = members.bits.integer();
    if (bits < 2 || bits > 8) members.bits.fail(`must be an integer in [2, 8], is ${bits}`);
    const shape = members.shape.integers();
    if (shape.length < 2 || shape.length > 4) members.shape.fail(`must have 2 to 4 axes, has ${shape.length}`);
    const packed = blocks.take(members.codes);
    const rows = shape[0]!;
    const length = shape.slice(1).reduce((product, size) => product * size, 1);
    if (length > maxChannelCodes) members.shape.fail(`has ${length} codes per channel, more than ${maxChannelCodes}`);
    const expected = rows * rowBytes(length, bits);
    if (length === 0 || packed.length !== expected)
      members.codes.fail(`must refer to ${expected} bytes for shape [${shape}] at ${bits} bits, has ${packed.length}`);
    if (!endsAreZero(packed, bits, rows, length)) members.codes.fail("has bits set after the last code of a channel");
    const scales = new Float32Array(blocks.take32(members.scales));
    return packedWeights(packed, { bits, shape, scales });
  },
  write: ({ bits, shape, codes, scales }, blocks) => ({
    bits,
    shape,
    codes: blocks.add(packCodes(codes, bits, shape[0]!)),
    scales: blocks.add32(scales.length, (view, offset, i) => view.setFloat32(offset, scales[i]!, true)),
  }),
};

export const fieldCodecs: { readonly [K in FieldKind]: FieldCodec<FieldTypes[K]> } = {
  tensor: integer,
  tensors: integers,
  integer,
  integers,
  boolean: { read: (node) => node.boolean(), write: (value) => value },
  residual: {
    read: (node) => ({ tensor: node.object(["tensor"]).tensor.integer() }),
    write: ({ tensor }) => ({ tensor }),
  },
  weights,
  bias: {
    read: (node, blocks) => new Int32Array(blocks.take32(node)),
    write: (bias, blocks) => blocks.add32(bias.length, (view, offset, i) => view.setInt32(offset, bias[i]!, true)),
  },
  table: { read: (node, blocks) => blocks.take(node).slice(), write: (table, blocks) => blocks.add(table) },
};
