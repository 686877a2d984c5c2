/** @file Runs an int8 `.tflite` in this browser, on LiteRT.js in a worker. Both are fetched at first use. */

import type { Preprocessing } from "@subbyte/engine";
import type { CatalogModel } from "../catalog/types.js";
import type { LiteRtApi } from "../workers/litert.js";
import { tierHere } from "./browser-runner.js";
import { runnerIn } from "./peer-worker.js";
import { ranked } from "./predictions.js";
import type { Runner } from "./runner.js";
import type { StartOptions } from "./start.js";
import { fetchModel } from "./store.js";
import { timed } from "./timed.js";

/** @throws {Error} if the file cannot be fetched, or LiteRT.js does not start */
export async function startLiteRtRunner(model: CatalogModel, options: StartOptions): Promise<Runner> {
  const { bytes, cached, milliseconds } = await fetchModel(model, options.onProgress, options);
  const worker = new Worker(new URL("../workers/litert.js", import.meta.url), { type: "module" });
  return runnerIn<LiteRtApi>(worker, "LiteRT.js", async (remote, started) => {
    const begun = performance.now();
    const shape = await started(remote.load(bytes, ["relaxed", "fused"].includes(tierHere()) ? "relaxed" : "others"));
    const [, height, width, channels] = shape as readonly [number, number, number, 1 | 3];
    await remote.run(new Uint8Array(height * width * channels), shape);
    const coldMs = performance.now() - begun;
    // The file normalizes by itself; its input has the size of the picture.
    const preprocessing: Preprocessing = {
      channels,
      height,
      width,
      resize: "exact",
      mean: Array(channels).fill(0),
      std: Array(channels).fill(1),
    };
    return {
      preprocessing,
      readiness: { downloadMs: milliseconds, cached, coldMs, how: "LiteRT.js, 1 thread" },
      async classify({ prepared }, { repeat = false } = {}) {
        const { value, milliseconds } = await timed(
          () => remote.run(prepared.bytes as Uint8Array<ArrayBuffer>, shape),
          repeat,
        );
        return { top: ranked(value, undefined), logits: value, computeMs: milliseconds };
      },
    };
  });
}
