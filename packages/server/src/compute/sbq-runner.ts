/** @file A `.sbq` model on the integer engine, in the thread that calls it. */

import { load, type Program, preprocess, readSbq } from "@subbyte/engine";
import type { Tensor } from "../tensors/tensor.js";
import { decodeItem } from "./decode-item.js";
import { itemError } from "./item-error.js";
import type { Description, ItemResult, ModelFile, Runner, WorkItem } from "./protocol.js";

/** Usual names of the input and output of exported ONNX classifiers. */
const INPUT = "input";
const OUTPUT = "output";

/** @throws {FormatError} if the file is damaged. */
export async function openSbq({ content, maxBytes }: ModelFile): Promise<Runner> {
  const file = new Uint8Array(content).slice();
  const program = readSbq(file, { maxBytes });
  // Loading runs the model once, so that it is warm.
  const model = await load(file, { worker: false, threads: 1, maxBytes });
  const { preprocessing, classes } = model;

  const one = async (item: WorkItem): Promise<ItemResult> => {
    const decoded = "encoded" in item ? await decodeItem(item) : undefined;
    if (decoded !== undefined && "error" in decoded) return decoded;
    const begun = performance.now();
    try {
      const values =
        decoded === undefined
          ? ((item as { readonly tensors: readonly Tensor[] }).tensors[0]!.data as Uint8Array | Float32Array)
          : preprocess(decoded.image, preprocessing, "cover");
      const prepared = performance.now();
      const data = await model.run(values);
      const times = {
        decode: decoded?.milliseconds ?? 0,
        input: prepared - begun,
        infer: performance.now() - prepared,
        output: 0,
      };
      const shape = [data.length / classes, classes];
      return { outputs: [{ name: OUTPUT, datatype: "FP32", shape, data }], times };
    } catch (error) {
      return { error: itemError(error) };
    }
  };
  return {
    description: describe(program, model),
    async run(items) {
      const results = await Promise.all(items.map(one));
      const sum = (part: "input" | "infer") =>
        results.reduce((total, result) => total + ("times" in result ? result.times[part] : 0), 0);
      return { results, times: { input: sum("input"), infer: sum("infer"), output: 0 } };
    },
    release: async () => model.dispose(),
  };
}

function describe(program: Program, model: Awaited<ReturnType<typeof load>>): Description {
  const { inputShape, classes, labels, probabilities, preprocessing, provenance } = model;
  const { weightBits, multiplyAdds, weights, peakBytes, tier } = model;
  return {
    kind: "sbq",
    inputs: [{ name: INPUT, datatype: "FP32", shape: [-1, ...inputShape] }],
    outputs: [{ name: OUTPUT, datatype: "FP32", shape: [-1, classes] }],
    batched: true,
    classifier: {
      preprocessing,
      classes,
      ...(labels === undefined ? {} : { labels }),
      probabilities,
      input: INPUT,
      output: OUTPUT,
    },
    bits: mostFrequentBits(program),
    weightBits,
    accuracy: provenance.accuracy ?? {},
    multiplyAdds,
    parameters: weights,
    peakBytes,
    provenance,
    tier,
  };
}

/** The bit width that most weights have. */
function mostFrequentBits({ operators }: Program): number {
  const counts = new Map<number, number>();
  for (const op of operators)
    if ("weights" in op) counts.set(op.weights.bits, (counts.get(op.weights.bits) ?? 0) + op.weights.codes.length);
  return [...counts].reduce((most, entry) => (entry[1] > most[1] ? entry : most), [8, 0])[0];
}
