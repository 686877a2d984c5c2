/** @file onnxruntime-web, in Node and in browsers. Only benchmarks run it, so it is loaded only when it is needed. */

import type * as Ort from "onnxruntime-web";
import { UsageError } from "../errors.js";

/** A model with one input and one output, both float32. */
export interface WebSession {
  run(input: Float32Array, shape: readonly number[]): Promise<Float32Array>;
  release(): Promise<void>;
}

let loaded: { readonly ort: Promise<typeof Ort>; readonly threads: number } | undefined;

/**
 * @param threads the same number for all sessions of a process, as onnxruntime-web requires
 * @throws {UsageError} if onnxruntime-web is not installed, or other sessions have another number of threads
 */
export async function createWebSession(model: Uint8Array, threads: number): Promise<WebSession> {
  loaded ??= { ort: importRuntime(threads), threads };
  if (loaded.threads !== threads)
    throw new UsageError(
      "option-value",
      { option: "threads", value: threads, expected: loaded.threads },
      `onnxruntime-web runs with ${loaded.threads} threads in this process and cannot change to ${threads}; ` +
        "measure one number of threads at a time.",
    );
  const ort = await loaded.ort;
  const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
  const [input, output] = [session.inputNames[0]!, session.outputNames[0]!];
  return {
    run: async (data, shape) => {
      const results = await session.run({ [input]: new ort.Tensor("float32", data, shape) });
      return results[output]!.data as Float32Array;
    },
    release: () => session.release(),
  };
}

async function importRuntime(threads: number): Promise<typeof Ort> {
  try {
    const ort = await import("onnxruntime-web");
    ort.env.wasm.numThreads = threads;
    ort.env.logLevel = "error";
    return ort;
  } catch (error) {
    throw new UsageError(
      "not-installed",
      { package: "onnxruntime-web" },
      "onnxruntime-web is not installed. It is only needed for comparisons: npm install onnxruntime-web.",
      { cause: error },
    );
  }
}
