/** @file Measures the values for which a program has no scale: terms of fused sums, and logits. */

import type { Program } from "@subbyte/engine";
import { type Tensor, writeOnnx } from "@subbyte/graph";
import { createSession } from "../../runtime/session.js";
import { lift } from "../../simulation/lift.js";
import { QDQ_OPSET, toQdq } from "../qdq.js";
import type { LayerRanges } from "./program-to-tflite.js";

/**
 * Lowest and highest value of each convolution before a sum, and of the logits.
 * @param batches normalized images `[N, C, H, W]`
 */
export async function measureRanges(program: Program, batches: AsyncIterable<Tensor>): Promise<LayerRanges> {
  const names = program.operators.flatMap((operator) =>
    (operator.op === "conv" && operator.residual) || (operator.op === "linear" && operator.output === undefined)
      ? [operator.name]
      : [],
  );
  const lifted = lift(program);
  const values = names.map((name) => lifted.nodes.find((node) => node.name === name)!.outputs[0]!);
  const model = writeOnnx(toQdq({ ...lifted, outputs: [...new Set([...values, ...lifted.outputs])] }), {
    opset: QDQ_OPSET,
  });
  const session = await createSession(model, { disableQuantQdq: true });
  const ranges = new Map(names.map((name) => [name, [0, 0] as readonly [number, number]]));
  try {
    for await (const images of batches) {
      const results = await session.run({ [lifted.inputs[0]!.name]: images });
      names.forEach((name, i) => {
        const data = results[values[i]!]!.data as Float32Array;
        const [low, high] = ranges.get(name)!;
        ranges.set(name, [data.reduce((a, b) => Math.min(a, b), low), data.reduce((a, b) => Math.max(a, b), high)]);
      });
    }
  } finally {
    await session.release();
  }
  return ranges;
}
