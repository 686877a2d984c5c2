/**
 * @file TensorFlow.js on its WebAssembly backend, in a web page. Only benchmarks and tests run it, so it is loaded only when it
 * is needed.
 */

import type * as Tf from "@tensorflow/tfjs-core";
import { UsageError } from "../errors.js";
import { tfjsSteps } from "./tfjs-steps.js";

/** A float32 model with one input and one output. */
export interface TfjsSession {
  /** @param input `[1, H, W, C]` */
  run(input: Float32Array): Promise<Float32Array>;
  release(): Promise<void>;
}

/** Addresses of the packages' folders. */
export interface TfjsFolders {
  readonly core: string;
  readonly wasm: string;
}

/** The part of the backend's own interface that is used here. */
interface WasmBackend {
  setWasmPaths(folder: string): void;
  setThreadsCount(threads: number): void;
}

let loaded: { readonly tf: Promise<typeof Tf>; readonly threads: number } | undefined;

/**
 * @param model a float32 `.tflite` that `graphToTflite` wrote
 * @param threads the same number for all sessions of a page
 * @throws {UsageError} if TensorFlow.js is not installed, or other sessions have another number of threads
 */
export async function createTfjsSession(
  model: Uint8Array,
  folders: TfjsFolders,
  threads: number,
): Promise<TfjsSession> {
  loaded ??= { tf: importRuntime(folders, threads), threads };
  if (loaded.threads !== threads)
    throw new UsageError(
      "option-value",
      { option: "threads", value: threads, expected: loaded.threads },
      `TensorFlow.js runs with ${loaded.threads} threads in this page and cannot change to ${threads}; ` +
        "measure one number of threads at a time.",
    );
  const tf = await loaded.tf;
  const { shape, steps, output, constants } = tfjsSteps(tf, model);
  return {
    run: async (input) => {
      const logits = tf.tidy(() => {
        const values = new Map([...constants, [0, tf.tensor(input, [...shape])] as const]);
        for (const step of steps) step(values);
        return values.get(output)!;
      });
      const data = (await logits.data()) as Float32Array;
      logits.dispose();
      return data;
    },
    release: async () => {
      for (const tensor of constants.values()) tensor.dispose();
    },
  };
}

async function importRuntime({ core, wasm }: TfjsFolders, threads: number): Promise<typeof Tf> {
  try {
    // The packages' modules for bundlers import Node's modules too; these scripts put everything into one global.
    await import(`${core}/dist/tf-core.min.js`);
    await import(`${wasm}/dist/tf-backend-wasm.min.js`);
  } catch (error) {
    throw new UsageError(
      "not-installed",
      { package: "@tensorflow/tfjs-backend-wasm" },
      "TensorFlow.js is not installed. It is only needed for comparisons: npm install @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm.",
      { cause: error },
    );
  }
  const { tf } = globalThis as unknown as { readonly tf: typeof Tf & { readonly wasm: WasmBackend } };
  tf.wasm.setWasmPaths(`${wasm}/wasm-out/`);
  tf.wasm.setThreadsCount(threads);
  if (threads === 1) tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  await tf.setBackend("wasm");
  await tf.ready();
  return tf;
}
