/**
 * Networks with seeded bell-shaped weights, quantized as by `subbyte quantize`, for benchmarks and whole-program tests, which
 * need no trained model. Scales are set from fan-in, so that activations fill their codes in every layer.
 *
 * @typedef {import("../dist/index.js").Program} Program
 * @typedef {{ weights: number, activations: number, edges?: number, residual?: number, size?: number, classes?: number, seed?:
 * number }} Options
 *   `edges`: bit width of the first and last layer, 8 by default; `residual`: bit width of tensors that additions read, 8 by default
 */

/** @param {Options} options @returns {Program} */
export const resnet18 = (options) => resnet("resnet18", [2, 2, 2, 2], false, options);

/** @param {Options} options @returns {Program} */
export const resnet50 = (options) => resnet("resnet50", [3, 4, 6, 3], true, options);

function resnet(name, depths, bottleneck, options) {
  const b = new Builder(name, { size: 224, classes: 1000, ...options });
  let x = b.input(3);
  x = b.conv("conv1", x, 64, 7, { stride: 2, pad: 3, weights: b.edges, bits: b.residual });
  x = b.maxPool("maxpool", x, 3, 2, 1);
  let width = 64;
  for (const [stage, depth] of depths.entries()) {
    for (let i = 0; i < depth; i++) {
      const stride = stage > 0 && i === 0 ? 2 : 1;
      const block = `layer${stage + 1}.${i}`;
      const outputs = bottleneck ? 4 * width : width;
      const narrow = b.narrow(`${block}.input`, x);
      const shortcut =
        stride !== 1 || b.channels(x) !== outputs
          ? b.conv(`${block}.downsample.0`, narrow, outputs, 1, { stride, bits: b.residual, signed: true })
          : x;
      let y = narrow;
      if (bottleneck) {
        y = b.conv(`${block}.conv1`, y, width, 1);
        y = b.conv(`${block}.conv2`, y, width, 3, { stride, pad: 1 });
        x = b.conv(`${block}.conv3`, y, outputs, 1, { bits: b.residual, residual: shortcut });
      } else {
        y = b.conv(`${block}.conv1`, y, width, 3, { stride, pad: 1 });
        x = b.conv(`${block}.conv2`, y, outputs, 3, { pad: 1, bits: b.residual, residual: shortcut });
      }
    }
    width *= 2;
  }
  return b.classifier(x);
}

/** The CIFAR family of He et al. 2015 with option-A shortcuts. @param {Options} options @returns {Program} */
export function resnet20(options) {
  const b = new Builder("resnet20", { size: 32, classes: 10, ...options });
  let x = b.conv("conv1", b.input(3), 16, 3, { pad: 1, weights: b.edges, bits: b.residual });
  for (const [stage, width] of [16, 32, 64].entries())
    for (let i = 0; i < 3; i++) {
      const stride = stage > 0 && i === 0 ? 2 : 1;
      const block = `layer${stage + 1}.${i}`;
      const y = b.conv(`${block}.conv1`, b.narrow(`${block}.input`, x), width, 3, { stride, pad: 1 });
      const shortcut = stride === 2 ? b.optionA(`${block}.shortcut`, x, width) : x;
      x = b.conv(`${block}.conv2`, y, width, 3, { pad: 1, bits: b.residual, residual: shortcut });
    }
  return b.classifier(x);
}

/** @param {Options} options @returns {Program} */
export function mobilenetV2(options) {
  const b = new Builder("mobilenetv2", { size: 224, classes: 1000, ...options });
  let x = b.conv("features.0.0", b.input(3), 32, 3, { stride: 2, pad: 1, weights: b.edges });
  const blocks = [
    [1, 16, 1, 1],
    [6, 24, 2, 2],
    [6, 32, 3, 2],
    [6, 64, 4, 2],
    [6, 96, 3, 1],
    [6, 160, 3, 2],
    [6, 320, 1, 1],
  ];
  let index = 1;
  for (const [expansion, outputs, repeats, firstStride] of blocks)
    for (let i = 0; i < repeats; i++) {
      const stride = i === 0 ? firstStride : 1;
      const block = `features.${index++}`;
      const inputs = b.channels(x);
      let y = b.narrow(`${block}.input`, x);
      if (expansion !== 1) y = b.conv(`${block}.expand`, y, inputs * expansion, 1);
      y = b.conv(`${block}.depthwise`, y, inputs * expansion, 3, { stride, pad: 1, groups: inputs * expansion });
      const residual = stride === 1 && inputs === outputs ? x : undefined;
      x = b.conv(`${block}.project`, y, outputs, 1, { bits: b.residual, residual, signed: true });
    }
  return b.classifier(b.conv("features.18.0", b.narrow("features.18.input", x), 1280, 1));
}

class Builder {
  #tensors = [];
  #operators = [];
  #state;

  constructor(name, { weights, activations, edges = 8, residual = 8, size, classes, seed = 1 }) {
    Object.assign(this, { name, weights, activations, edges, residual, size, classes });
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 1;
  }

  channels(id) {
    return this.#tensors[id].shape[0];
  }

  input(channels) {
    const highest = 2 ** this.edges - 1;
    this.inputTables = Array.from({ length: channels }, () =>
      Uint8Array.from({ length: 256 }, (_, p) => Math.round((p / 255) * highest)),
    );
    return this.#tensor("input", [channels, this.size, this.size], this.edges, 4 / highest, Math.round(0.48 * highest));
  }

  /** `signed`: without ReLU, so the zero point is in the middle. */
  conv(name, input, outputs, kernel, options = {}) {
    const {
      stride = 1,
      pad = 0,
      groups = 1,
      bits = this.activations,
      weights = this.weights,
      signed = false,
    } = options;
    const [inputs, height, width] = this.#tensors[input].shape;
    const codes = this.#bell(outputs * (inputs / groups) * kernel * kernel, weights);
    const fanIn = (inputs / groups) * kernel * kernel;
    const highest = 2 ** bits - 1;
    const zeroPoint = signed ? (highest + 1) / 2 : 0;
    const weightScale = Math.sqrt(2 / fanIn) / (0.4 * 2 ** (weights - 1));
    const size = (n) => Math.floor((n + 2 * pad - kernel) / stride) + 1;
    const output = this.#tensor(
      `${name}.out`,
      [outputs, size(height), size(width)],
      bits,
      (signed ? 6 : 3) / highest,
      zeroPoint,
    );
    const inputScale = this.#tensors[input].scale;
    this.#operators.push({
      op: "conv",
      name,
      input,
      output,
      weights: this.#weights(codes, weights, [outputs, inputs / groups, kernel, kernel], weightScale),
      bias: Int32Array.from({ length: outputs }, () =>
        Math.round((0.2 * (this.#random() - 0.5)) / (inputScale * weightScale)),
      ),
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      dilations: [1, 1],
      groups,
      lo: 0,
      hi: highest,
      ...(options.residual === undefined ? {} : { residual: { tensor: options.residual } }),
    });
    return output;
  }

  /** The tensor at the bit width of activations (rule 7); the same tensor if it has that bit width. */
  narrow(name, input) {
    const { bits, scale, zeroPoint, shape } = this.#tensors[input];
    if (bits === this.activations) return input;
    const highest = 2 ** this.activations - 1;
    const zero = Math.round((zeroPoint / (2 ** bits - 1)) * highest);
    const output = this.#tensor(name, shape, this.activations, (scale * (2 ** bits - 1)) / highest, zero);
    this.#operators.push({ op: "rescale", name, input, output, lo: 0, hi: highest });
    return output;
  }

  maxPool(name, input, kernel, stride, pad) {
    const { shape, bits, scale, zeroPoint } = this.#tensors[input];
    const size = (n) => Math.floor((n + 2 * pad - kernel) / stride) + 1;
    const output = this.#tensor(name, [shape[0], size(shape[1]), size(shape[2])], bits, scale, zeroPoint);
    this.#operators.push({
      op: "maxPool",
      name,
      input,
      output,
      kernel: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      dilations: [1, 1],
    });
    return output;
  }

  /** Every second pixel, zeros for the new channels. */
  optionA(name, input, channels) {
    const { shape, bits, scale, zeroPoint } = this.#tensors[input];
    const half = [shape[0], Math.ceil(shape[1] / 2), Math.ceil(shape[2] / 2)];
    const sliced = this.#tensor(`${name}.slice`, half, bits, scale, zeroPoint);
    this.#operators.push({
      op: "slice",
      name: `${name}.slice`,
      input,
      output: sliced,
      starts: [0, 0, 0],
      steps: [1, 2, 2],
    });
    const missing = (channels - shape[0]) / 2;
    const output = this.#tensor(name, [channels, half[1], half[2]], bits, scale, zeroPoint);
    this.#operators.push({ op: "pad", name, input: sliced, output, before: [missing, 0, 0], after: [missing, 0, 0] });
    return output;
  }

  /** Global average and the last linear layer. */
  classifier(input) {
    const { shape, scale } = this.#tensors[input];
    const [channels, height, width] = shape;
    const highest = 2 ** this.edges - 1;
    const pooled = this.#tensor(
      "avgpool.out",
      [channels],
      this.edges,
      (scale * (2 ** this.#tensors[input].bits - 1)) / highest,
      0,
    );
    this.#operators.push({
      op: "averagePool",
      name: "avgpool",
      input,
      output: pooled,
      kernel: [height, width],
      strides: [1, 1],
      pads: [0, 0, 0, 0],
      countIncludePad: false,
      lo: 0,
      hi: highest,
    });
    const codes = this.#bell(this.classes * channels, this.edges);
    this.#operators.push({
      op: "linear",
      name: "fc",
      input: pooled,
      weights: this.#weights(codes, this.edges, [this.classes, channels], 0.01),
      bias: new Int32Array(this.classes),
    });
    const each = [0, 0, 0];
    return {
      name: this.name,
      tensors: this.#tensors,
      input: 0,
      inputTables: this.inputTables,
      operators: this.#operators,
      classes: this.classes,
      preprocessing: {
        channels: 3,
        height: this.size,
        width: this.size,
        resize: "exact",
        mean: each.map(() => 0.5),
        std: each.map(() => 0.25),
      },
      provenance: {},
    };
  }

  #tensor(name, shape, bits, scale, zeroPoint) {
    return this.#tensors.push({ name, shape, bits, scale: Math.fround(scale), zeroPoint }) - 1;
  }

  #weights(codes, bits, shape, scale) {
    return {
      bits,
      shape,
      codes,
      scales: Float32Array.from({ length: shape[0] }, () => scale * (0.8 + 0.4 * this.#random())),
    };
  }

  /** Sum of three uniforms: σ = 0.4 of the largest code, which is what trained layers show at 4 bits. */
  #bell(count, bits) {
    const highest = 2 ** (bits - 1) - 1;
    const codes = new Int8Array(count);
    for (let i = 0; i < count; i++) {
      const v = (this.#random() + this.#random() + this.#random() - 1.5) * 0.8 * 2 ** (bits - 1);
      codes[i] = Math.max(-highest, Math.min(highest, Math.round(v)));
    }
    return codes;
  }

  /** xorshift32 in [0, 1). */
  #random() {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) / 2 ** 32;
  }
}
