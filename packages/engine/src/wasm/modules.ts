/** @file The two WebAssembly modules, the choice between them, and their instantiation over a program's memory. */

import { platform } from "#platform";
import { EnvironmentError } from "../errors.js";
import type { WasmMemory } from "../host-types.js";
import { type PlainKernel, plainModule, type RelaxedKernel, relaxedModule } from "./generated.js";
import { withSharedMemory } from "./shared-memory.js";

/** `"simd"` runs everywhere that has WebAssembly SIMD; `"relaxed"` adds kernels on bytes. Both give the same bits. */
export type Tier = "simd" | "relaxed";

export type KernelName = PlainKernel | RelaxedKernel;

/** A kernel takes the address of its task record; some return a count. */
export type Kernel = (task: number) => number;

export type Kernels = Readonly<Record<PlainKernel, Kernel>> & Readonly<Partial<Record<RelaxedKernel, Kernel>>>;

/** Compiled once, by the base64 text; for memory of one thread, and for shared memory. */
const [modules, sharingModules] = [
  new Map<string, Promise<WebAssembly.Module>>(),
  new Map<string, Promise<WebAssembly.Module>>(),
];
let supported: Tier | undefined;

/**
 * The best tier of this machine: relaxed SIMD is probed, and in Node versions that have it behind a flag switched on.
 * @throws {Error} where even plain SIMD is missing.
 */
export function supportedTier(): Tier {
  supported ??= probe();
  return supported;
}

function probe(): Tier {
  const relaxed = decodeBase64(relaxedModule);
  if (WebAssembly.validate(relaxed)) return "relaxed";
  platform.enableRelaxedSimd();
  if (WebAssembly.validate(relaxed)) return "relaxed";
  if (WebAssembly.validate(decodeBase64(plainModule))) return "simd";
  throw new EnvironmentError(
    "no-simd",
    {},
    "this JavaScript engine has no WebAssembly SIMD, which the kernels need; use createReference",
  );
}

/**
 * Kernels of a tier over `memory`.
 * @throws {Error} where this machine lacks the tier.
 */
export async function instantiate(tier: Tier, memory: WasmMemory): Promise<Kernels> {
  if (tier === "relaxed" && supportedTier() !== "relaxed")
    throw new EnvironmentError("no-simd", {}, 'this JavaScript engine has no relaxed SIMD; use the tier "simd"');
  const shared = isShared(memory);
  const compiled = shared ? sharingModules : modules;
  const exports = async (text: string) => {
    if (!compiled.has(text)) {
      const bytes = decodeBase64(text);
      compiled.set(text, WebAssembly.compile(shared ? withSharedMemory(bytes) : bytes));
    }
    const instance = await WebAssembly.instantiate(await compiled.get(text)!, { env: { memory } });
    return instance.exports as unknown as Kernels;
  };
  const plain = await exports(plainModule);
  return tier === "simd" ? plain : { ...plain, ...(await exports(relaxedModule)) };
}

const isShared = ({ buffer }: WasmMemory): boolean =>
  Object.prototype.toString.call(buffer) === "[object SharedArrayBuffer]";

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}
