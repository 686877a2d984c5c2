/** @file Runs a float `.onnx` in this browser, on onnxruntime-web in a worker. Both are fetched at first use. */

import type { Preprocessing } from "@subbyte/engine";
import type { CatalogModel } from "../catalog/types.js";
import type { FloatApi } from "../workers/float.js";
import type { Prepared } from "../workers/prepare.js";
import { threadsHere } from "./browser-runner.js";
import { runnerIn } from "./peer-worker.js";
import { ranked } from "./predictions.js";
import type { Runner } from "./runner.js";
import type { StartOptions } from "./start.js";
import { fetchModel } from "./store.js";
import { timed } from "./timed.js";

/** Facts about a float network that its file does not contain. */
interface FloatDescription {
  readonly preprocessing: Preprocessing;
  readonly labels?: readonly string[];
}

/** Reads the `.json` file beside the model; servers read it, too. */
async function describe({ id, url, description }: CatalogModel): Promise<FloatDescription> {
  if (description !== undefined) return description;
  const response = await fetch(url!.replace(/\.onnx$/, ".json"));
  if (!response.ok) throw new Error(`${id}.json is missing, which says how images are prepared for ${id}.onnx`);
  return response.json();
}

export async function startFloatRunner(model: CatalogModel, options: StartOptions): Promise<Runner> {
  const { preprocessing, labels } = await describe(model);
  const { bytes, cached, milliseconds } = await fetchModel(model, options.onProgress, options);
  const worker = new Worker(new URL("../workers/float.js", import.meta.url), { type: "module" });
  return runnerIn<FloatApi>(worker, "onnxruntime-web", async (remote, started) => {
    const begun = performance.now();
    const { threads } = await started(remote.load(bytes, options.threads ?? threadsHere()));
    const { channels, height, width } = preprocessing;
    const shape = [1, channels, height, width];
    await remote.run(new Float32Array(channels * height * width), shape);
    const coldMs = performance.now() - begun;
    return {
      preprocessing,
      readiness: {
        downloadMs: milliseconds,
        cached,
        coldMs,
        how: `onnxruntime-web, ${threads === 1 ? "1 thread" : `${threads} threads`}`,
      },
      async classify({ prepared }, { repeat = false } = {}) {
        const values = normalized(prepared, preprocessing);
        const { value, milliseconds } = await timed(() => remote.run(values, shape), repeat);
        return { top: ranked(value, labels), logits: value, computeMs: milliseconds };
      },
    };
  });
}

/** Bytes `[H, W, C]` as values `[C, H, W]`: (byte / 255 − mean) / std. */
function normalized({ bytes, width, height, channels }: Prepared, { mean, std }: Preprocessing): Float32Array {
  const area = width * height;
  const values = new Float32Array(channels * area);
  for (let c = 0; c < channels; c++)
    for (let p = 0; p < area; p++) values[c * area + p] = (bytes[p * channels + c]! / 255 - mean[c]!) / std[c]!;
  return values;
}
