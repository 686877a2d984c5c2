/** @file The state of one lowering: tensors and operators so far, and what each value of the graph means. */

import type { Operator, OutputRange, QuantizedTensor, TensorId } from "@subbyte/engine";
import {
  elementwiseFunctions,
  type Graph,
  inferTypes,
  ModelError,
  type Node,
  type TensorType,
  tabulate,
} from "@subbyte/graph";
import { codeRange, type FakeQuant, fakeQuants, quantizeValue } from "../quantization/fake-quant.js";
import { type Clamp, type Pending, unclamped } from "./pending.js";

/** Records the pending value of the node's output; nodes that move stored codes emit their operator at once. */
export type LowerOperator = (lowering: Lowering, node: Node) => void;

export class Lowering {
  readonly tensors: QuantizedTensor[] = [];
  readonly operators: Operator[] = [];
  /** The FakeQuant behind each quantized weight, by its output. */
  readonly weightQuantizers: ReadonlyMap<string, FakeQuant>;
  readonly #pending = new Map<string, Pending>();
  readonly #types: ReadonlyMap<string, TensorType>;

  constructor(readonly graph: Graph) {
    this.#types = inferTypes(graph);
    this.weightQuantizers = new Map(fakeQuants(graph).flatMap((fq) => (fq.ofWeights ? [[fq.output, fq]] : [])));
  }

  /** The pending value of this name. */
  pending(value: string, reader: Node): Pending {
    const pending = this.#pending.get(value);
    if (!pending) throw new Error(`internal: ${reader.op} "${reader.name}" reads "${value}", which is not lowered yet`);
    return pending;
  }

  set(value: string, pending: Pending): void {
    this.#pending.set(value, pending);
  }

  /** Records that an operator computes a node's output, as soon as a FakeQuant determines where its codes go. */
  setOperator(node: Node, make: (output: TensorId, range: OutputRange) => Operator): void {
    const store = (output: TensorId, range: OutputRange) => void this.operators.push(make(output, range));
    this.set(node.outputs[0]!, { kind: "operator", store, clamp: unclamped });
  }

  /**
   * The codes of a value that an operator reads.
   * @throws {ModelError} if no FakeQuant gave the value codes
   */
  codes(value: string, reader: Node): TensorId {
    const pending = this.pending(value, reader);
    if (
      pending.kind !== "stored" ||
      pending.clamp.low !== Number.NEGATIVE_INFINITY ||
      pending.clamp.high !== Number.POSITIVE_INFINITY
    )
      throw new ModelError(
        "missing-fake-quant",
        { operator: reader.op, node: reader.name, tensors: [value] },
        `${reader.op} "${reader.name}" reads "${value}", which has no FakeQuant: integers need a scale there. ` +
          "Insert FakeQuant nodes with the bit policy before lowering.",
      );
    return pending.tensor;
  }

  /** The elementwise function that ends with a node: its source, and its values for all channels or per channel. */
  functionOf(node: Node) {
    const found = elementwiseFunctions(this.graph).get(node.outputs[0]!)!;
    return { source: found.source, tabulate: (xs: readonly number[]) => tabulate(this.graph, found, xs) };
  }

  /** A constant's elements as float32. */
  constant(value: string): Float32Array {
    const tensor = this.graph.tensors.get(value);
    if (!tensor)
      throw new ModelError(
        "not-quantizable",
        { operator: "FakeQuant", node: value, tensors: [value] },
        `"${value}" must be a constant to be lowered`,
      );
    return tensor.data as Float32Array;
  }

  /** Shape without the batch. */
  shape(value: string): readonly number[] {
    const shape = this.#types.get(value)?.shape?.slice(1);
    if (!shape?.every((dim) => typeof dim === "number"))
      throw new ModelError(
        "unknown-tensor",
        { graph: this.graph.name, tensors: [value] },
        `the shape of "${value}" is not known; the engine needs fixed sizes, except for the batch`,
      );
    return shape;
  }

  /** Adds a tensor with the scale, zero point and bit width of a FakeQuant. */
  addTensor(name: string, shape: readonly number[], fq: FakeQuant): TensorId {
    return this.addTensorLike(name, shape, {
      bits: fq.bits,
      scale: this.constant(fq.scale)[0]!,
      zeroPoint: this.constant(fq.zeroPoint)[0]!,
    });
  }

  addTensorLike(
    name: string,
    shape: readonly number[],
    like: Pick<QuantizedTensor, "bits" | "scale" | "zeroPoint">,
  ): TensorId {
    if (shape.length !== 1 && shape.length !== 3)
      throw new ModelError(
        "no-integer-form",
        { operators: [], nodes: [], tensors: [name], found: ["N", ...shape] },
        `"${name}" has the shape [${["N", ...shape].join(", ")}]; the engine holds [N, C, H, W] and [N, C] only.`,
      );
    const { bits, scale, zeroPoint } = like;
    this.tensors.push({ name, shape, bits, scale, zeroPoint });
    return this.tensors.length - 1;
  }

  /** Real bounds as codes of a tensor. Quantization is monotonic, so clamping codes equals clamping reals. */
  range(tensor: TensorId, clamp: Clamp): OutputRange {
    const { bits, scale, zeroPoint } = this.tensors[tensor]!;
    const { min, max } = codeRange({ bits, signed: false, narrow: false });
    return {
      lo: clamp.low === Number.NEGATIVE_INFINITY ? min : quantizeValue(clamp.low, scale, zeroPoint, min, max),
      hi: clamp.high === Number.POSITIVE_INFINITY ? max : quantizeValue(clamp.high, scale, zeroPoint, min, max),
    };
  }
}
