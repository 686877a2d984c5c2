/** @file A common interface for the kernels and the scalar reference. */

import { compileChecked } from "../kernels/executable.js";
import type { Plan } from "../kernels/plan.js";
import { operatorMultiplyAdds } from "../operators/index.js";
import type { Program } from "../program/program.js";
import { prepareReference } from "../reference/reference.js";
import type { Recruit } from "../threads/team.js";
import type { KernelModules } from "../wasm/modules.js";
import type { LayerProfile, TierName } from "./host.js";

/** A value now or later: a runner may compute on a device of its own. */
export type Eventually<T> = T | Promise<T>;

export interface Runner {
  readonly tier: TierName;
  /** Logits of images `[count, H, W, C]`. */
  run(images: Uint8Array): Eventually<Float32Array>;
  /** Logits of codes `[count, C, H, W]`. */
  runCodes(codes: Uint8Array): Eventually<Float32Array>;
  profile(image: Uint8Array, runs: number): Eventually<LayerProfile[]>;
}

/**
 * @param program   checked already
 * @param recruits  threads that help; the scalar tier does not use them
 * @param modules  the kernels, if they have been compiled already
 * @param plan the memory plan for that tier, if it has been made already
 */
export async function createRunner(
  program: Program,
  tier: TierName,
  recruits: readonly Recruit[],
  modules?: KernelModules,
  plan?: Plan,
): Promise<Runner> {
  return tier === "scalar" ? scalarRunner(program) : kernelRunner(program, tier, recruits, modules, plan);
}

async function kernelRunner(
  program: Program,
  tier: Exclude<TierName, "scalar">,
  recruits: readonly Recruit[],
  modules: KernelModules | undefined,
  plan: Plan | undefined,
): Promise<Runner> {
  const executable = await compileChecked(program, { tier }, recruits, modules, plan);
  const flush = new Map(executable.kernels.map(({ operator, flush }) => [operator, flush]));
  return {
    tier,
    run: (images) => executable.run(images),
    runCodes: (codes) => executable.runCodes(codes),
    profile: (image, runs) =>
      executable.profile(image, runs).map((entry) => layerProfile({ ...entry, flush: flush.get(entry.operator) })),
  };
}

function scalarRunner(program: Program): Runner {
  let traced: (operator: number) => void = () => {};
  const reference = prepareReference(program);
  const timed = () => prepareReference(program, (_, operator) => traced(operator));
  const imageBytes = program.tensors[program.input]!.shape.reduce((product, size) => product * size, 1);
  return {
    tier: "scalar",
    run: (images) => reference.run(images, images.length / imageBytes),
    runCodes: (codes) => reference.runCodes(codes, codes.length / imageBytes),
    profile(image, runs) {
      const shortest = program.operators.map(() => Number.POSITIVE_INFINITY);
      const engine = timed();
      for (let r = 0; r < runs; r++) {
        let before = performance.now();
        traced = (operator) => {
          const now = performance.now();
          shortest[operator] = Math.min(shortest[operator]!, now - before);
          before = now;
        };
        engine.run(image);
      }
      return program.operators.map((op, operator) =>
        layerProfile({
          operator,
          name: op.name,
          kernels: [],
          milliseconds: shortest[operator]!,
          multiplyAdds: operatorMultiplyAdds(program, op),
          flush: undefined,
        }),
      );
    },
  };
}

function layerProfile({
  flush,
  ...entry
}: Omit<LayerProfile, "flush" | "gmacPerSecond"> & { readonly flush: number | undefined }): LayerProfile {
  const { multiplyAdds, milliseconds } = entry;
  return {
    ...entry,
    ...(flush === undefined ? {} : { flush }),
    // Browsers make their clocks coarse, so a measured time can be 0.
    gmacPerSecond: multiplyAdds === 0 ? 0 : multiplyAdds / 1e6 / Math.max(milliseconds, 1e-3),
  };
}
