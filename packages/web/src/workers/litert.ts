/** @file A worker that runs `.tflite` files by LiteRT.js, to compare with. It is started only if somebody asks for one. */

import { type CompiledModel, loadAndCompile, loadLiteRt, Tensor } from "@litertjs/core";
import { expose } from "comlink";

/** Names that LiteRT's scripts look up in the global scope. */
interface Globals {
  ModuleFactory?: unknown;
  Module?: { locateFile(): string };
  importScripts?: unknown;
}

/** LiteRT builds for browsers with relaxed SIMD, and for others. */
const builds = {
  relaxed: () =>
    Promise.all([
      import("@litertjs/core/wasm/litert_wasm_internal.js"),
      import("@litertjs/core/wasm/litert_wasm_internal.wasm?url"),
    ]),
  others: () =>
    Promise.all([
      import("@litertjs/core/wasm/litert_wasm_compat_internal.js"),
      import("@litertjs/core/wasm/litert_wasm_compat_internal.wasm?url"),
    ]),
};

async function start(build: keyof typeof builds): Promise<void> {
  const [script, binary] = await builds[build]();
  const globals = globalThis as Globals;
  // LiteRT.js loads its script by importScripts, which module workers refuse, so this worker has already imported it.
  globals.importScripts = () => {};
  globals.ModuleFactory = script.default;
  const address = new URL(binary.default, globalThis.location.href).href;
  globals.Module = { locateFile: () => address };
  await loadLiteRt("litert.js");
}

let model: CompiledModel | undefined;

const api = {
  /** @returns the shape of the input, `[1, H, W, C]` */
  async load(file: Uint8Array, build: keyof typeof builds): Promise<readonly number[]> {
    await start(build);
    model = await loadAndCompile(file, { accelerator: "wasm", cpuOptions: { numThreads: 1 } });
    return Array.from(model.getInputDetails()[0]!.shape);
  },
  /** Logits of bytes `[1, H, W, C]`. */
  async run(bytes: Uint8Array<ArrayBuffer>, shape: readonly number[]): Promise<Float32Array> {
    const input = new Tensor(bytes, [...shape]);
    const [output] = await model!.run(input);
    const logits = (output!.toTypedArray() as Float32Array).slice();
    input.delete();
    output!.delete();
    return logits;
  },
};

export type LiteRtApi = typeof api;

expose(api);
