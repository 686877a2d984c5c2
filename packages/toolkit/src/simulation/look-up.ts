/** @file Looks values up in the tables of a program, with ONNX operators. */

import { float32, type GraphBuilder } from "@subbyte/graph";

/**
 * table[c][index] for int64 indices: a Gather from all tables, which are concatenated.
 * @param tables  one for all channels, or one per channel
 * @param perChannel  the shape that aligns values per channel with the indices, e.g. `[1, C, 1, 1]`
 */
export function lookUp(
  b: GraphBuilder,
  tables: readonly ArrayLike<number>[],
  index: string,
  perChannel: readonly number[],
  name?: string,
): string {
  const options = name === undefined ? {} : { name };
  const { length } = tables[0]!;
  const joined = b.constant(float32(tables.flatMap((table) => Array.from(table))));
  if (tables.length === 1) return b.op("Gather", [joined, index], { axis: 0 }, options);
  const starts = BigInt64Array.from(tables, (_, c) => BigInt(length * c));
  const offsets = b.constant({ dtype: "int64", shape: perChannel, data: starts });
  return b.op("Gather", [joined, b.op("Add", [index, offsets])], { axis: 0 }, options);
}
