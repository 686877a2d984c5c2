/** @file Triton's classification extension: an output as its likeliest classes instead of its values. */

import type { Classifier } from "../compute/protocol.js";
import type { LoadedModel } from "../models/loaded-model.js";
import { wrongTensor } from "../tensors/errors.js";
import type { Tensor } from "../tensors/tensor.js";
import { rankClasses } from "./ranking.js";

/**
 * The `k` highest values of each item as BYTES `[N, k]`: "value:index[:label]".
 * @throws {ServerError} if the output has no classes
 */
export function classesOf(tensor: Tensor, k: number, { description }: LoadedModel): Tensor {
  const { name, shape, datatype } = tensor;
  if (datatype !== "FP32" || shape.length !== 2)
    throw wrongTensor(`The output "${name}" is not FP32 [N, classes], so it cannot be given as classes.`);
  const [count, classes] = shape as [number, number];
  const classifier: Partial<Classifier> = description.classifier?.output === name ? description.classifier : {};
  const data = Array.from({ length: count }, (_, n) => {
    const row = (tensor.data as Float32Array).subarray(n * classes, (n + 1) * classes);
    return rankClasses(row, k, classifier).map(({ index, label }) =>
      Buffer.from([row[index], index, ...(classifier.labels === undefined ? [] : [label])].join(":")),
    );
  });
  return { name, datatype: "BYTES", shape: [count, Math.min(k, classes)], data: data.flat() };
}
