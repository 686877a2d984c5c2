/** @file LiteRT.js in a web page. Only benchmarks and tests run it, so it is loaded where it is asked for. */

import type * as LiteRt from "@litertjs/core";
import { UsageError } from "../errors.js";

/** A model with one input and one output, as `.tflite` exports have them. */
export interface LiteRtSession {
  /** @param input in the element type that the model takes */
  run(input: Float32Array | Uint8Array): Promise<Float32Array>;
  release(): Promise<void>;
}

let loaded: Promise<typeof LiteRt> | undefined;

/**
 * @param wasm address of the folder with LiteRT's WebAssembly modules
 * @throws {UsageError} where LiteRT.js is not installed
 */
export async function createLiteRtSession(model: Uint8Array, wasm: string): Promise<LiteRtSession> {
  loaded ??= importRuntime(wasm);
  const { loadAndCompile, Tensor } = await loaded;
  const compiled = await loadAndCompile(model, { accelerator: "wasm" });
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

async function importRuntime(wasm: string): Promise<typeof LiteRt> {
  let runtime: typeof LiteRt;
  try {
    runtime = await import("@litertjs/core");
  } catch (error) {
    throw new UsageError(
      "not-installed",
      { package: "@litertjs/core" },
      "LiteRT.js is not installed. It is needed only to compare with it: npm install @litertjs/core.",
      { cause: error },
    );
  }
  await runtime.loadLiteRt(wasm);
  return runtime;
}
