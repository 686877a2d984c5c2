import { expect, test } from "vitest";
import { expectFaithful, relativeToLargest } from "../../test/every-level.js";
import { randomFloats } from "../../test/runtime.js";
import { gradients } from "../autodiff/gradients.js";
import { toTrainingForm, withLoss } from "../autodiff/training-form.js";
import { GraphBuilder } from "../ir/builder.js";
import { float32, int64 } from "../ir/tensor.js";
import type { Graph, Tensor } from "../ir/types.js";
import { expandForTraining } from "./index.js";

const SIZE = 16;
const CLASSES = 5;

/** A ResNet of two blocks with a 7×7 stem and max pooling, parameters as graph inputs, weights quantized on request. */
function network(bits?: number): { graph: Graph; parameters: Map<string, Tensor> } {
  const g = new GraphBuilder("resnet");
  const parameters = new Map<string, Tensor>();
  const parameter = (name: string, shape: readonly number[], scale: number, offset = 0) => {
    const { data } = randomFloats(shape, parameters.size + 1);
    parameters.set(
      name,
      float32(
        data.map((value) => value * scale + offset),
        shape,
      ),
    );
    return g.input(name, "float32", shape);
  };
  const conv = (x: string, name: string, [outputs, inputs]: readonly number[], kernel: number, stride: number) => {
    const shape = [outputs, inputs, kernel, kernel];
    let w = parameter(`${name}.weight`, shape, Math.sqrt(6 / (inputs * kernel * kernel)));
    if (bits !== undefined) {
      const scales = parameter(`${name}.scale`, [outputs], 0.01, 0.1);
      const zero = g.constant(float32(new Float32Array(outputs)));
      w = g.op("FakeQuant", [w, scales, zero], { bits, signed: 1, axis: 0, learnable: 1 }, { domain: "subbyte" });
    }
    const pad = Math.floor(kernel / 2);
    return g.op("Conv", [x, w], { strides: [stride, stride], pads: [pad, pad, pad, pad] }, { name });
  };
  const norm = (x: string, name: string, channels: number) => {
    const gamma = parameter(`${name}.weight`, [channels], 0.3, 1);
    const beta = parameter(`${name}.bias`, [channels], 0.3);
    const fixed = [0, 1].map((value) => g.constant(float32(new Float32Array(channels).fill(value))));
    return g.op("BatchNormalization", [x, gamma, beta, ...fixed], {}, { name });
  };
  const block = (x: string, name: string, inputs: number, outputs: number, stride: number) => {
    const first = g.op("Relu", [norm(conv(x, `${name}.conv1`, [outputs, inputs], 3, stride), `${name}.bn1`, outputs)]);
    const second = norm(conv(first, `${name}.conv2`, [outputs, outputs], 3, 1), `${name}.bn2`, outputs);
    const shortcut =
      stride === 1 ? x : norm(conv(x, `${name}.downsample`, [outputs, inputs], 1, stride), `${name}.bn3`, outputs);
    return g.op("Relu", [g.op("Add", [second, shortcut])]);
  };
  const x = g.input("input", "float32", ["N", 3, SIZE, SIZE]);
  const stem = g.op("Relu", [norm(conv(x, "conv1", [16, 3], 7, 2), "bn1", 16)]);
  const pooled = g.op("MaxPool", [stem], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  const features = block(block(pooled, "layer1", 16, 16, 1), "layer2", 16, 24, 2);
  const flat = g.op("Flatten", [g.op("GlobalAveragePool", [features])]);
  const [w, b] = [parameter("fc.weight", [CLASSES, 24], 0.5), parameter("fc.bias", [CLASSES], 0.5)];
  g.output(g.op("Gemm", [flat, w, b], { transB: 1 }, { name: "logits" }));
  return { graph: g.build(), parameters };
}

/**
 * Every layer adds the rounding of float32, amplified by normalization; 1e-3 of the largest gradient is what a network of this
 * depth keeps, and far below what a wrong term changes.
 */
const TOLERANCE = 1e-4;

for (const winograd of [true, false])
  for (const bits of [undefined, 4])
    test(`gradients of a small ResNet${bits ? `, ${bits}-bit weights` : ""}${winograd ? ", minimal filtering" : ""}`, async () => {
      const { graph, parameters } = network(bits);
      const { graph: withLabels, loss } = withLoss(toTrainingForm(graph).graph, { labelSmoothing: 0.1 });
      const differentiated = gradients(withLabels, { loss, parameters: [...parameters.keys()] });
      const shape = [6, 3, SIZE, SIZE];
      const feeds = new Map([
        ...parameters,
        ["input", float32(randomFloats(shape, 99).data, shape)] as const,
        ["labels", int64([0, 1, 2, 3, 4, 0])] as const,
      ]);
      expect(differentiated.gradients.length).toBe(parameters.size);
      // A statistic that is an output has memory of its own; one that is not lies where the runtime likes.
      const inner: Graph = { ...differentiated.graph, outputs: [loss, ...differentiated.gradients] };
      const expand = (before: Graph) => expandForTraining(before, { winograd });
      const expanded = await expectFaithful(inner, expand, feeds, relativeToLargest(TOLERANCE));
      const filtered = expanded.nodes.some(({ op }) => op === "FusedMatMul");
      expect(filtered).toBe(winograd);
    });
