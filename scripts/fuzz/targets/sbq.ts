import { writeFile } from "node:fs/promises";
import { FormatError } from "../../../packages/engine/src/errors.js";
import { readSbq } from "../../../packages/engine/src/format/reader.js";
import { compile } from "../../../packages/engine/src/kernels/executable.js";
import { hasTier, supportedTier } from "../../../packages/engine/src/wasm/modules.js";
import { hostileFile, isQuick, maxBytes, referenceLogits } from "../../../packages/engine/test/fuzz.js";
import { type Outcome, refused, type Target } from "./target.js";

supportedTier(); // Switches on relaxed SIMD if this version of Node has it behind a flag.
const tiers = (["simd", "relaxed", "fused"] as const).filter(hasTier);

async function run(seed: number): Promise<Outcome> {
  let program: ReturnType<typeof readSbq>;
  try {
    program = readSbq(hostileFile(seed), { maxBytes });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return refused(error);
  }
  if (!isQuick(program)) return "accepted";
  const { input, logits } = referenceLogits(program, seed);
  for (const tier of tiers) {
    const executable = await compile(program, { tier });
    const found = executable.run(input);
    if (!found.every((value, i) => value === logits[i]))
      throw new Error(`the tier ${tier} gives ${[...found].slice(0, 8)}, the reference ${[...logits].slice(0, 8)}`);
  }
  return "accepted";
}

export default (): Target => ({ run, save: (seed, path) => writeFile(path, hostileFile(seed)) });
