// A quantization method of our own: every scale is a power of two, so that hardware could rescale with shifts alone.
// It is compared with the built-in method that it starts from, on the MNIST digits: node quantize.js MODEL.onnx
import { writeSbq } from "@subbyte/engine";
import { float32 } from "@subbyte/graph";
import {
  evaluateClassifier,
  insertFakeQuant,
  integerClassifier,
  lower,
  methods,
  normalize,
  openImages,
  openModel,
} from "@subbyte/toolkit";

/** A method takes a graph with FakeQuant nodes and returns the graph with their scales set. */
async function powersOfTwo(graph, calibration, options) {
  const calibrated = await methods.mse(graph, calibration, options);
  const tensors = new Map(calibrated.tensors);
  for (const node of calibrated.nodes.filter(({ op }) => op === "FakeQuant")) {
    const [, scale] = node.inputs;
    const { data, shape } = tensors.get(scale);
    // To the nearest power, in logarithms.
    tensors.set(
      scale,
      float32(
        data.map((value) => 2 ** Math.round(Math.log2(value))),
        shape,
      ),
    );
  }
  return { ...calibrated, tensors };
}

const preprocessing = { channels: 1, height: 28, width: 28, resize: "exact", mean: [0.1307], std: [0.3081] };
const training = await openImages("mnist", { split: "train", limit: 256 });
const test = await openImages("mnist", { split: "test" });

/** Normalized training images, [N, 1, 28, 28]; called once for each pass over them. */
async function* batches() {
  for await (const { images, count } of training.batches({ batchSize: 64 })) {
    const data = normalize(images, { ...preprocessing, pixels: 28 * 28 });
    yield float32(data, [count, 1, 28, 28]);
  }
}

const { graph } = await openModel(process.argv[2]);
const prepared = insertFakeQuant(graph, { weights: 4, activations: 4 });

for (const [name, method] of Object.entries({ mse: methods.mse, "powers of two": powersOfTwo })) {
  const quantized = await method(prepared, { images: training.length, batches }, { seed: 0 });
  // Accuracy comes from the integer engine, which is what users run.
  const engine = await integerClassifier(writeSbq(lower(quantized, { preprocessing })));
  const { top1, images } = await evaluateClassifier(engine.classify, test);
  await engine.close();
  console.log(`${name}: ${(100 * top1).toFixed(2)} % of ${images} images at 4 bits`);
}
