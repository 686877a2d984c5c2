/** @file The two WebAssembly modules: chooses between them, and instantiates them over a program's memory. */

import { platform } from "#platform";
import { EnvironmentError } from "../errors.js";
import type { WasmMemory, WasmModule } from "../host-types.js";
import { decodeHex } from "./decode-hex.js";
import { fusedProduct, hasRelaxedSimd } from "./fused-product.js";
import type { PlainKernel, RelaxedKernel } from "./generated.js";
import { plainModule, relaxedModule } from "./generated-kernels.js";
import { withSharedMemory } from "./shared-memory.js";

/**
 * `"simd"` runs wherever there is WebAssembly SIMD; `"relaxed"` adds kernels that multiply bytes, and `"fused"` kernels
 * that add such products directly in int32. All give the same bits.
 */
export type Tier = "simd" | "relaxed" | "fused";

export type KernelName = PlainKernel | RelaxedKernel;

/** A kernel takes the address of its task record; some return a count. */
export type Kernel = (task: number) => number;

export type Kernels = Readonly<Record<PlainKernel, Kernel>> & Readonly<Partial<Record<RelaxedKernel, Kernel>>>;

/** Compiled kernels; they can be posted to a worker. */
export interface KernelModules {
  readonly plain: WasmModule;
  readonly relaxed?: WasmModule;
}

/** Compiled once each, by their text: for memory of one thread, and for shared memory. */
const compiled = {
  alone: new Map<string, Promise<WebAssembly.Module>>(),
  shared: new Map<string, Promise<WebAssembly.Module>>(),
};
let supported: Tier | undefined;

/**
 * The fastest tier of this machine. Tests for relaxed SIMD, and switches it on in Node versions that have it behind a flag.
 * @throws {EnvironmentError} if even plain SIMD is missing.
 */
export function supportedTier(): Tier {
  supported ??= probe();
  return supported;
}

/**
 * Chooses the tier by the way in which the fused product reads bytes above 127. If it is one of the two forms that can
 * be used at 8 bits, the product is a single instruction, and the fastest. Measuring its time instead would take longer
 * than loading a small network, because the first runs are compiled by a baseline compiler.
 */
function probe(): Tier {
  if (!hasRelaxedSimd()) platform.enableRelaxedSimd();
  if (hasRelaxedSimd()) return highestByte("fused") === 255 ? "fused" : "relaxed";
  if (WebAssembly.validate(decodeHex(plainModule))) return "simd";
  throw new EnvironmentError(
    "no-simd",
    {},
    "this JavaScript engine has no WebAssembly SIMD, which the kernels need; use createReference",
  );
}

/** Whether a tier's kernels run here; `supportedTier` returns the fastest. */
export function hasTier(tier: Tier): boolean {
  const best = supportedTier();
  return tier === "simd" || (best !== "simd" && (tier === "relaxed" || fusedProduct() !== "wrong"));
}

/** Largest activation that a tier's products of bytes accept; 0 if it has none. */
export function highestByte(tier: Tier): 0 | 127 | 255 {
  if (tier === "simd") return 0;
  return tier === "fused" && ["unsigned", "signed"].includes(fusedProduct()) ? 255 : 127;
}

/**
 * The compiled kernels of a tier.
 * @param shared  whether they are for memory that threads share
 * @throws {EnvironmentError} if this machine lacks the tier, or a policy forbids WebAssembly.
 */
export async function compileKernels(tier: Tier, shared: boolean): Promise<KernelModules> {
  if (!hasTier(tier))
    throw new EnvironmentError(
      "no-simd",
      {},
      tier === "fused" && hasTier("relaxed")
        ? 'this JavaScript engine computes fused products wrongly; use the tier "relaxed"'
        : 'this JavaScript engine has no relaxed SIMD; use the tier "simd"',
    );
  const compile = (text: string) => {
    const modules = shared ? compiled.shared : compiled.alone;
    const known = modules.get(text);
    if (known !== undefined) return known;
    const bytes = decodeHex(text);
    const module = WebAssembly.compile(shared ? withSharedMemory(bytes) : bytes);
    modules.set(text, module);
    return module;
  };
  try {
    if (tier === "simd") return { plain: await compile(plainModule) };
    const [plain, relaxed] = await Promise.all([compile(plainModule), compile(relaxedModule)]);
    return { plain, relaxed };
  } catch (cause) {
    throw new EnvironmentError(
      "wasm-blocked",
      { reason: String(cause) },
      "WebAssembly cannot be compiled here; a page's Content-Security-Policy needs 'wasm-unsafe-eval' in script-src " +
        `(${cause instanceof Error ? cause.message : cause})`,
      { cause },
    );
  }
}

/** Instantiates kernels over `memory`, which must be of the kind (shared or not) for which the modules were compiled. */
export async function instantiate({ plain, relaxed }: KernelModules, memory: WasmMemory): Promise<Kernels> {
  const exports = async (module: WebAssembly.Module) =>
    (await WebAssembly.instantiate(module, { env: { memory } })).exports as unknown as Kernels;
  const kernels = await exports(plain);
  return relaxed === undefined ? kernels : { ...kernels, ...(await exports(relaxed)) };
}
