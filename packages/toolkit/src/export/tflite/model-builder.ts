/**
 * @file Collects tensors and operators and makes a model with one subgraph from them. Feature maps are NHWC with a batch of 1.
 */

import { writeTflite } from "./file.js";
import { type ElementType, type OperatorName, type OptionsValue, operators, type Table, TensorType } from "./schema.js";

/** Index into the model's tensors. */
export type TensorIndex = number;

/** real = scale · (q − zero point); if there are several scales, they are along `axis`. */
export interface Quantization {
  readonly scales: ArrayLike<number>;
  readonly zeroPoint: number;
  readonly axis?: number;
}

export interface TensorOptions {
  readonly type: ElementType;
  /** `[1, H, W, C]`, `[1, C]`, or any shape of a constant. */
  readonly shape: readonly number[];
  readonly quantization?: Quantization;
}

export interface TensorInfo extends TensorOptions {
  readonly name: string;
  readonly data?: ArrayBufferView;
}

interface Step {
  readonly op: OperatorName;
  readonly version: number;
  readonly inputs: readonly TensorIndex[];
  readonly outputs: readonly TensorIndex[];
  readonly options?: OptionsValue;
}

type OptionsOf<Op extends OperatorName> = (typeof operators)[Op] extends { readonly options: infer T }
  ? Extract<OptionsValue, { readonly table: T }>["fields"]
  : Record<never, never>;

/** The name that TensorFlow's converter gives to the entry point of a model with one function. */
const SIGNATURE = "serving_default";

export class ModelBuilder {
  readonly #tensors: TensorInfo[] = [];
  readonly #steps: Step[] = [];
  readonly #names = new Set<string>();

  /** A value that an operator writes, or the model's input. Names are made unique. */
  tensor(name: string, options: TensorOptions): TensorIndex {
    return this.#add({ name, ...options });
  }

  constant(name: string, data: ArrayBufferView, options: TensorOptions): TensorIndex {
    return this.#add({ name, data, ...options });
  }

  /** An int32 constant; a vector if no shape is given. */
  ints(name: string, values: readonly number[], shape: readonly number[] = [values.length]): TensorIndex {
    return this.constant(name, Int32Array.from(values), { type: "int32", shape });
  }

  info(tensor: TensorIndex): TensorInfo {
    return this.#tensors[tensor]!;
  }

  /** @param version if it differs from the schema's version for the type of the first input */
  operator<Op extends OperatorName>(
    op: Op,
    inputs: readonly TensorIndex[],
    outputs: readonly TensorIndex[],
    fields: OptionsOf<Op> = {} as OptionsOf<Op>,
    version?: number,
  ): void {
    const { versions, ...definition } = operators[op];
    const table = "options" in definition ? definition.options : undefined;
    const isInt8 = [...inputs, ...outputs].some((tensor) => this.info(tensor).type === "int8");
    this.#steps.push({
      op,
      version: version ?? versions[isInt8 ? 1 : 0],
      inputs,
      outputs,
      ...(table === undefined ? {} : { options: { table, fields } as OptionsValue }),
    });
  }

  /** The bytes of the file. In the signature, input and output have their tensors' names. */
  finish(input: TensorIndex, output: TensorIndex, description: string): Uint8Array<ArrayBuffer> {
    const codes = new Map<string, { readonly index: number; readonly op: OperatorName; readonly version: number }>();
    const operatorList = this.#steps.map(({ op, version, inputs, outputs, options }): Table<"Operator"> => {
      const key = `${op} ${version}`;
      const code = codes.get(key) ?? { index: codes.size, op, version };
      codes.set(key, code);
      return { opcodeIndex: code.index, inputs, outputs, ...(options ? { builtinOptions: options } : {}) };
    });
    const constants = this.#tensors.flatMap(({ data }) => (data === undefined ? [] : [data]));
    const bufferOf = new Map(constants.map((data, i) => [data, i + 1]));
    return writeTflite({
      version: 3,
      description,
      operatorCodes: [...codes.values()].map(({ op, version }) => ({
        deprecatedBuiltinCode: operators[op].code,
        builtinCode: operators[op].code,
        version,
      })),
      // The first buffer is empty by convention: tensors without data refer to it.
      buffers: [{}, ...constants.map((data) => ({ data: bytesOf(data) }))],
      subgraphs: [
        {
          name: "main",
          tensors: this.#tensors.map((info) => tensorTable(info, info.data ? bufferOf.get(info.data)! : 0)),
          inputs: [input],
          outputs: [output],
          operators: operatorList,
        },
      ],
      signatureDefs: [
        {
          signatureKey: SIGNATURE,
          inputs: [{ name: this.info(input).name, tensorIndex: input }],
          outputs: [{ name: this.info(output).name, tensorIndex: output }],
        },
      ],
    });
  }

  #add(info: TensorInfo): TensorIndex {
    let { name } = info;
    for (let i = 2; this.#names.has(name); i++) name = `${info.name}_${i}`;
    this.#names.add(name);
    this.#tensors.push({ ...info, name });
    return this.#tensors.length - 1;
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

function tensorTable({ name, type, shape, quantization }: TensorInfo, buffer: number): Table<"Tensor"> {
  const table = { name, shape, type: TensorType[type], buffer };
  if (quantization === undefined) return table;
  const { scales, zeroPoint, axis = 0 } = quantization;
  const zeroPoints = new Array<number>(scales.length).fill(zeroPoint);
  return {
    ...table,
    quantization: { scale: Float32Array.from(scales), zeroPoint: zeroPoints, quantizedDimension: axis },
  };
}
