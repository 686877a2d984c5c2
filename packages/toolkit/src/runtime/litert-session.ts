/** @file LiteRT.js in a web page. Only benchmarks and tests run it, so it is loaded only when it is needed. */

import type * as LiteRt from "@litertjs/core";
import { UsageError } from "../errors.js";

/** A model with one input and one output, as `.tflite` exports have them. */
export interface LiteRtSession {
  /** @param input array of the model's element type */
  run(input: Float32Array | Uint8Array): Promise<Float32Array>;
  release(): Promise<void>;
}

let loaded: { readonly runtime: Promise<typeof LiteRt>; readonly threads: number } | undefined;

/**
 * @param wasm address of the folder with LiteRT's WebAssembly modules
 * @param threads the same for all sessions of a page
 * @throws {UsageError} if LiteRT.js is not installed, or other sessions have another number of threads
 */
export async function createLiteRtSession(model: Uint8Array, wasm: string, threads = 1): Promise<LiteRtSession> {
  loaded ??= { runtime: importRuntime(wasm, threads), threads };
  if (loaded.threads !== threads)
    throw new UsageError(
      "option-value",
      { option: "threads", value: threads, expected: loaded.threads },
      `LiteRT.js runs with ${loaded.threads} threads in this page and cannot change to ${threads}; ` +
        "measure one number of threads at a time.",
    );
  const { loadAndCompile, Tensor } = await loaded.runtime;
  const compiled = await loadAndCompile(model, { accelerator: "wasm", cpuOptions: { numThreads: threads } });
  const shape = Array.from(compiled.getInputDetails()[0]!.shape);
  return {
    run: async (input) => {
      const tensor = new Tensor(input as Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>, shape);
      const [output] = await compiled.run(tensor);
      const logits = (output!.toTypedArray() as Float32Array).slice();
      tensor.delete();
      output!.delete();
      return logits;
    },
    release: async () => compiled.delete(),
  };
}

async function importRuntime(wasm: string, threads: number): Promise<typeof LiteRt> {
  let runtime: typeof LiteRt;
  try {
    runtime = await import("@litertjs/core");
  } catch (error) {
    throw new UsageError(
      "not-installed",
      { package: "@litertjs/core" },
      "LiteRT.js is not installed. It is only needed for comparisons: npm install @litertjs/core.",
      { cause: error },
    );
  }
  await runtime.loadLiteRt(wasm, { threads: threads > 1 });
  return runtime;
}
