/**
 * @file Tables of codes. TensorFlow Lite has no operator for a stored table of int8. It does have some of the functions
 * from which tables are made; a table of such a function is recognized and written as that function. Any other table
 * becomes an indexed read, which is exact and slow.
 */

import type { QuantizedTensor } from "@subbyte/engine";
import { CODE_OFFSET, HIGHEST_CODE, int8Quantization } from "./codes.js";
import type { ModelBuilder, Quantization, TensorIndex } from "./model-builder.js";

interface TableFunction {
  readonly op: "HARD_SWISH" | "LOGISTIC" | "TANH" | "LEAKY_RELU";
  readonly evaluate: (x: number) => number;
  readonly fields?: { readonly alpha: number };
  /** The quantization that the operator requires. */
  readonly output?: Quantization;
}

const functions: readonly TableFunction[] = [
  { op: "HARD_SWISH", evaluate: (x) => x * Math.min(1, Math.max(0, x / 6 + 0.5)) },
  { op: "LOGISTIC", evaluate: (x) => 1 / (1 + Math.exp(-x)), output: { scales: [1 / 256], zeroPoint: -128 } },
  { op: "TANH", evaluate: Math.tanh, output: { scales: [1 / 128], zeroPoint: 0 } },
];

/** Largest difference in codes for which a table counts as that of a function. */
const TOLERANCE = 1;

/** The function whose table this is; undefined if TensorFlow Lite does not have it. */
function functionOf(table: Uint8Array, from: QuantizedTensor, to: QuantizedTensor): TableFunction | undefined {
  const lowest = from.scale * (0 - from.zeroPoint);
  const alpha = lowest < 0 ? (to.scale * (table[0]! - to.zeroPoint)) / lowest : 0;
  const leaky: TableFunction = {
    op: "LEAKY_RELU",
    evaluate: (x) => (x < 0 ? alpha * x : x),
    fields: { alpha },
  };
  return [...functions, ...(alpha > 0 && alpha < 1 ? [leaky] : [])].find(({ evaluate }) =>
    table.every((code, q) => {
      const expected = Math.round(evaluate(from.scale * (q - from.zeroPoint)) / to.scale) + to.zeroPoint;
      return Math.abs(code - Math.min(HIGHEST_CODE, Math.max(0, expected))) <= TOLERANCE;
    }),
  );
}

export function lookUp(
  b: ModelBuilder,
  input: TensorIndex,
  table: Uint8Array,
  from: QuantizedTensor,
  to: QuantizedTensor,
  output: TensorIndex,
): void {
  const known = functionOf(table, from, to);
  if (known === undefined) return gather(b, input, table, to, output);
  const { name, shape } = b.info(output);
  const { op, fields, output: quantization } = known;
  const direct = quantization === undefined || isSame(quantization, int8Quantization(to));
  const result = direct ? output : b.tensor(`${name}/${op.toLowerCase()}`, { type: "int8", shape, quantization });
  b.operator(op, [input], [result], fields ?? {});
  if (!direct) b.operator("QUANTIZE", [result], [output]);
}

const isSame = (a: Quantization, b: Quantization): boolean =>
  a.scales[0] === b.scales[0] && a.zeroPoint === b.zeroPoint;

/** output = table[input + 128], with the index in int32. */
function gather(
  b: ModelBuilder,
  input: TensorIndex,
  table: Uint8Array,
  to: QuantizedTensor,
  output: TensorIndex,
): void {
  const { name, shape } = b.info(output);
  const index = (word: string) => b.tensor(`${name}/${word}`, { type: "int32", shape });
  const [signed, unsigned] = [index("code"), index("index")];
  b.operator("CAST", [input], [signed], { inDataType: 9, outDataType: 2 });
  b.operator("ADD", [signed, b.ints(`${name}/offset`, [CODE_OFFSET])], [unsigned], {}, 1);
  const entries = Int8Array.from(table, (code) => code - CODE_OFFSET);
  const quantization = int8Quantization(to);
  const params = b.constant(`${name}/table`, entries, { type: "int8", shape: [table.length], quantization });
  b.operator("GATHER", [params, unsigned], [output], { axis: 0 });
}
