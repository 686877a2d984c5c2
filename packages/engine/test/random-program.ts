/** @file Random whole programs for property tests: each operator reads tensors of a growing set. */

import { axesOf, windowCount } from "../src/operators/windows.js";
import type { Operator, Program, QuantizedTensor, TensorId } from "../src/program/program.js";
import { type Fill, fillCodes } from "./convolutions.js";
import { program as makeProgram, Random, randomWeights, tensor } from "./programs.js";

/** A valid program of about `length` operators, in which every kind is likely; the same for the same seed. */
export function randomProgram(seed: number, length: number): Program {
  return new Writer(new Random(seed)).write(length);
}

class Writer {
  readonly #tensors: QuantizedTensor[] = [];
  readonly #operators: Operator[] = [];

  constructor(readonly random: Random) {}

  write(length: number): Program {
    const { random } = this;
    this.#tensors.push(
      tensor("image", [random.pick([1, 3]), random.integer(3, 14), random.integer(3, 14)], this.#quantization(8)),
    );
    const kinds = [
      () => this.#conv(false),
      () => this.#conv(false),
      () => this.#conv(true),
      () => this.#rescale(),
      () => this.#table(),
      () => this.#add(),
      () => this.#multiply(),
      () => this.#maxPool(),
      () => this.#averagePool(),
      () => this.#concat(),
      () => this.#slice(),
      () => this.#pad(),
      () => this.#transpose(),
      () => this.#reshape(),
    ];
    while (this.#operators.length < length) random.pick(kinds)();
    this.#classify();
    return makeProgram(this.#tensors, this.#operators);
  }

  /** A random tensor, more often a late one, so that programs are deep. */
  #any(): TensorId {
    const last = this.#tensors.length - 1;
    return last - this.random.integer(0, Math.min(last, this.random.pick([0, 0, 1, 3, 9])));
  }

  #shape(id: TensorId): readonly [number, number, number] {
    return this.#tensors[id]!.shape as readonly [number, number, number];
  }

  #quantization(bits = this.random.pick([2, 3, 4, 4, 5, 6, 7, 8, 8])) {
    const highest = 2 ** bits - 1;
    return {
      bits,
      scale: Math.fround((0.5 + this.random.next()) / highest),
      zeroPoint: this.random.pick([0, 0, this.random.integer(0, highest)]),
    };
  }

  #output(shape: readonly number[], quantization: Partial<QuantizedTensor> = this.#quantization()): TensorId {
    return this.#tensors.push(tensor(`t${this.#tensors.length}`, shape, quantization)) - 1;
  }

  /** The properties of a tensor that moving its codes keeps. */
  #like(id: TensorId): Partial<QuantizedTensor> {
    const { bits, scale, zeroPoint } = this.#tensors[id]!;
    return { bits, scale, zeroPoint };
  }

  #range(output: TensorId) {
    const highest = 2 ** this.#tensors[output]!.bits - 1;
    const lo = this.random.pick([0, 0, this.random.integer(0, highest >> 1)]);
    return { lo, hi: this.random.pick([highest, highest, this.random.integer(lo, highest)]) };
  }

  #name(op: string): string {
    return `${op}${this.#operators.length}`;
  }

  #conv(withResidual: boolean): void {
    const { random } = this;
    const input = this.#any();
    const [channels, height, width] = this.#shape(input);
    const residual = withResidual ? this.#any() : undefined;
    const residualShape = residual === undefined ? undefined : this.#shape(residual);
    const keepsSize = residualShape !== undefined && residualShape[1] === height && residualShape[2] === width;
    const kernel = random.pick([
      [1, 1],
      [3, 3],
      [3, 3],
      [2, 3],
      [5, 1],
    ] as const);
    const same = [(kernel[0] - 1) >> 1, (kernel[1] - 1) >> 1, kernel[0] >> 1, kernel[1] >> 1] as const;
    const pads = keepsSize
      ? same
      : random.pick([
          same,
          [random.integer(0, 2), random.integer(0, 2), random.integer(0, 2), random.integer(0, 2)] as const,
        ]);
    const strides = keepsSize
      ? ([1, 1] as const)
      : random.pick([
          [1, 1],
          [1, 1],
          [2, 2],
          [1, 3],
        ] as const);
    const dilations = keepsSize
      ? ([1, 1] as const)
      : random.pick([
          [1, 1],
          [1, 1],
          [1, 1],
          [2, 1],
        ] as const);
    const [vertical, horizontal] = axesOf([channels, height, width], kernel, { strides, pads, dilations });
    const size = [windowCount(vertical), windowCount(horizontal)] as const;
    if (size[0] < 1 || size[1] < 1) return;
    const groups = random.pick([1, 1, 1, channels, channels % 2 === 0 ? 2 : 1]);
    const multiple = groups === channels ? random.pick([1, 1, 2]) : random.integer(1, 9);
    const outputs = keepsSize ? residualShape[0] : groups * multiple;
    if (outputs % groups !== 0 || outputs > 60) return;
    const bits = random.integer(2, 8);
    const weights = randomWeights(random, [outputs, channels / groups, ...kernel], bits);
    fillCodes(weights.codes, bits, random.pick<Fill>(["random", "bell", "bell", "alternating"]), random);
    const output = this.#output([outputs, ...size]);
    const fanIn = (channels / groups) * kernel[0] * kernel[1];
    const scale = 3 / (2 ** (bits - 1) * Math.sqrt(fanIn));
    this.#operators.push({
      op: "conv",
      name: this.#name("conv"),
      input,
      output,
      weights: { ...weights, scales: weights.scales.map(() => scale * (0.5 + random.next())) },
      bias: Int32Array.from({ length: outputs }, () => random.integer(-100, 100)),
      strides,
      pads,
      dilations,
      groups,
      ...this.#range(output),
      ...(keepsSize ? { residual: { tensor: residual! } } : {}),
    });
  }

  #rescale(): void {
    const input = this.#any();
    const output = this.#output(this.#shape(input));
    this.#operators.push({ op: "rescale", name: this.#name("rescale"), input, output, ...this.#range(output) });
  }

  #table(): void {
    const input = this.#any();
    const output = this.#output(this.#shape(input));
    const highest = 2 ** this.#tensors[output]!.bits - 1;
    const count = this.random.pick([1, this.#shape(input)[0]]);
    const table = this.random.bytes(count * 2 ** this.#tensors[input]!.bits, highest);
    this.#operators.push({ op: "table", name: this.#name("table"), input, output, table });
  }

  #add(): void {
    const first = this.#any();
    const shape = this.#shape(first).join();
    const second = this.random.pick([...this.#tensors.keys()].filter((id) => this.#shape(id).join() === shape));
    const output = this.#output(this.#shape(first));
    this.#operators.push({
      op: "add",
      name: this.#name("add"),
      inputs: [first, second],
      output,
      ...this.#range(output),
    });
  }

  #multiply(): void {
    const first = this.#any();
    const shape = this.#shape(first);
    const shapes = [shape.join(), [shape[0], 1, 1].join()];
    const second = this.random.pick([...this.#tensors.keys()].filter((id) => shapes.includes(this.#shape(id).join())));
    const output = this.#output(shape);
    this.#operators.push({
      op: "multiply",
      name: this.#name("multiply"),
      inputs: [first, second],
      output,
      ...this.#range(output),
    });
  }

  #window(input: TensorId) {
    const [channels, height, width] = this.#shape(input);
    const { random } = this;
    const kernel = [random.integer(1, Math.min(3, height)), random.integer(1, Math.min(3, width))] as const;
    const pads = [0, 1, 2, 3].map((side) => (random.next() < 0.5 ? 0 : kernel[side % 2 === 0 ? 0 : 1]! - 1));
    const window = {
      kernel,
      strides: [random.integer(1, 3), random.integer(1, 2)] as const,
      pads: pads as unknown as readonly [number, number, number, number],
    };
    const axes = axesOf([channels, height, width], kernel, window);
    return { ...window, shape: [channels, windowCount(axes[0]), windowCount(axes[1])] };
  }

  #maxPool(): void {
    const input = this.#any();
    const { shape, ...window } = this.#window(input);
    const output = this.#output(shape, this.#like(input));
    this.#operators.push({ op: "maxPool", name: this.#name("maxPool"), input, output, ...window, dilations: [1, 1] });
  }

  #averagePool(): void {
    const input = this.#any();
    const { shape, ...window } = this.#window(input);
    const output = this.#output(shape);
    const countIncludePad = this.random.next() < 0.5;
    const name = this.#name("averagePool");
    this.#operators.push({
      op: "averagePool",
      name,
      input,
      output,
      ...window,
      countIncludePad,
      ...this.#range(output),
    });
  }

  /** Concatenates a tensor with itself and with others that happen to fit. */
  #concat(): void {
    const first = this.#any();
    const { bits, scale, zeroPoint } = this.#tensors[first]!;
    const [channels, ...size] = this.#shape(first);
    const fits = [...this.#tensors.keys()].filter((id) => {
      const t = this.#tensors[id]!;
      return (
        t.shape.slice(1).join() === size.join() && t.bits === bits && t.scale === scale && t.zeroPoint === zeroPoint
      );
    });
    const inputs = Array.from({ length: this.random.integer(1, 3) }, () => this.random.pick(fits));
    const total = inputs.reduce((sum, id) => sum + this.#shape(id)[0], 0);
    if (total > 60 || channels > 60) return;
    const output = this.#output([total, ...size], this.#like(first));
    this.#operators.push({ op: "concat", name: this.#name("concat"), inputs, output });
  }

  #slice(): void {
    const input = this.#any();
    const { random } = this;
    const axes = this.#shape(input).map((size) => {
      const start = random.integer(0, size >> 2);
      const step = random.pick([1, 1, 2]);
      return { start, step, size: random.integer(1, Math.floor((size - 1 - start) / step) + 1) };
    });
    const output = this.#output(
      axes.map(({ size }) => size),
      this.#like(input),
    );
    const starts = axes.map(({ start }) => start);
    const steps = axes.map(({ step }) => step);
    this.#operators.push({ op: "slice", name: this.#name("slice"), input, output, starts, steps });
  }

  #pad(): void {
    const input = this.#any();
    const before = [0, 1, 2].map(() => this.random.integer(0, 2));
    const after = [0, 1, 2].map(() => this.random.integer(0, 2));
    const shape = this.#shape(input).map((size, axis) => before[axis]! + size + after[axis]!);
    if (shape[1]! > 20 || shape[2]! > 20) return;
    const output = this.#output(shape, this.#like(input));
    this.#operators.push({ op: "pad", name: this.#name("pad"), input, output, before, after });
  }

  #transpose(): void {
    const input = this.#any();
    const permutation = this.random.pick([
      [0, 2, 1],
      [1, 0, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]);
    const shape = permutation.map((axis) => this.#shape(input)[axis]!);
    if (shape[0]! > 60) return;
    const output = this.#output(shape, this.#like(input));
    this.#operators.push({ op: "transpose", name: this.#name("transpose"), input, output, permutation });
  }

  #reshape(): void {
    const input = this.#any();
    const [channels, height, width] = this.#shape(input);
    const output = this.#output([height, channels * width, 1], this.#like(input));
    this.#operators.push({ op: "reshape", name: this.#name("reshape"), input, output });
  }

  /** Ends the program: half of the programs end in two linear layers, half in the last tensor. */
  #classify(): void {
    const { random } = this;
    const input = this.#tensors.length - 1;
    const features = this.#shape(input).reduce((product, size) => product * size, 1);
    const flat = this.#output([features], this.#like(input));
    this.#operators.push({ op: "reshape", name: "flat", input, output: flat });
    if (random.next() < 0.5) {
      this.#operators.push({ op: "dequantize", name: "logits", input: flat });
      return;
    }
    const hidden = random.integer(1, 20);
    const output = this.#output([hidden]);
    const linear = (name: string, from: TensorId, outputs: number) => {
      const bits = random.integer(2, 8);
      const weights = randomWeights(random, [outputs, this.#tensors[from]!.shape[0]!], bits);
      const bias = Int32Array.from({ length: outputs }, () => random.integer(-100, 100));
      return { op: "linear", name, input: from, weights, bias } as const;
    };
    this.#operators.push({ ...linear("hidden", flat, hidden), output, ...this.#range(output) });
    this.#operators.push(linear("logits", output, random.integer(1, 12)));
  }
}
