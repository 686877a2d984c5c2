/** @file A program as rows for people: one for each operator. */

import { type Operator, operatorMultiplyAdds, type Program, type QuantizedWeights } from "@subbyte/engine";

export interface OperatorRow {
  readonly index: number;
  readonly type: string;
  readonly name: string;
  /** Shape of the output; `[classes]` for the operator that yields the logits. */
  readonly shape: readonly number[];
  readonly weights?: QuantizedWeights;
  readonly weightBits?: number;
  /** Bit width of the output's codes; absent for float logits. */
  readonly outputBits?: number;
  readonly multiplyAdds: number;
  /** Signal-to-noise ratio of the output compared with the float network, in dB, if the file contains it. */
  readonly error?: { readonly aloneDb: number | null; readonly cumulativeDb: number | null };
}

const typeNames: Readonly<Record<string, string>> = {
  conv: "convolution",
  linear: "linear",
  maxPool: "max pool",
  averagePool: "average pool",
};

type LayerErrors = Readonly<Record<string, { readonly aloneDb: number | null; readonly cumulativeDb: number | null }>>;

export function operatorRows(program: Program): readonly OperatorRow[] {
  const errors = (program.provenance.layerErrors ?? {}) as LayerErrors;
  return program.operators.map((op, index) => {
    const output = "output" in op && op.output !== undefined ? program.tensors[op.output] : undefined;
    const weights = weightsOf(op);
    const error = errors[op.name];
    return {
      index,
      type: typeNames[op.op] ?? op.op,
      name: op.name,
      shape: output?.shape ?? [program.classes],
      ...(weights === undefined ? {} : { weights, weightBits: weights.bits }),
      ...(output === undefined ? {} : { outputBits: output.bits }),
      multiplyAdds: operatorMultiplyAdds(program, op),
      ...(error === undefined ? {} : { error }),
    };
  });
}

const weightsOf = (op: Operator): QuantizedWeights | undefined => ("weights" in op ? op.weights : undefined);

/** How often each code occurs, from the least to the greatest code of the bit width. */
export function codeCounts({ codes, bits }: QuantizedWeights): {
  readonly least: number;
  readonly counts: Uint32Array;
} {
  const least = -(2 ** (bits - 1));
  const counts = new Uint32Array(2 ** bits);
  for (const code of codes) counts[code - least]!++;
  return { least, counts };
}

/** The weights of one output channel as real numbers, `[I, kh, kw]`. A linear layer counts as a 1 × 1 convolution. */
export function filterOf(
  { shape, codes, scales }: QuantizedWeights,
  channel: number,
): { readonly values: Float32Array; readonly inputs: number; readonly height: number; readonly width: number } {
  const [, inputs, height = 1, width = 1] = shape as [number, number, number?, number?];
  const length = inputs * height * width;
  const values = Float32Array.from(
    codes.subarray(channel * length, (channel + 1) * length),
    (code) => code * scales[channel]!,
  );
  return { values, inputs, height, width };
}
