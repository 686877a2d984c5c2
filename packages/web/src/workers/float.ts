/** @file A worker that runs float networks by onnxruntime-web. It is started only if somebody asks for a float network. */

import { expose } from "comlink";
import binary from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";

env.wasm.wasmPaths = { wasm: new URL(binary, globalThis.location.href).href };
env.logLevel = "error";

let session: InferenceSession | undefined;

const api = {
  /** @returns the names of input and output, and the number of threads */
  async load(model: Uint8Array, threads: number): Promise<{ readonly input: string; readonly threads: number }> {
    env.wasm.numThreads = threads;
    session = await InferenceSession.create(model, { executionProviders: ["wasm"] });
    return { input: session.inputNames[0]!, threads };
  },
  /** Logits of one image `[1, C, H, W]`, normalized. */
  async run(values: Float32Array, shape: readonly number[]): Promise<Float32Array> {
    const outputs = await session!.run({ [session!.inputNames[0]!]: new Tensor("float32", values, shape) });
    return outputs[session!.outputNames[0]!]!.data as Float32Array;
  },
};

export type FloatApi = typeof api;

expose(api);
