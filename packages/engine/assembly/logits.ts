/** The last layer: v = fround(fround(acc + bias) · m[c]) as float32 (rule 10). */
import { accumulate } from "./accumulate";
import { LogitsTask } from "./tasks";
import { Dot16 } from "./products";

export function logits(task: LogitsTask): void {
  const gemm = task.gemm;
  let parameters = gemm.output.parameters;
  let output = task.output;
  for (let block = 0; block < gemm.blocks; block++) {
    accumulate<Dot16>(gemm, gemm.input, gemm.inputPixels, 1, gemm.weights + <usize>(block * gemm.blockPitch), gemm.sums);
    const low = i32x4.add(v128.load(gemm.sums), v128.load(parameters, 32));
    const high = i32x4.add(v128.load(gemm.sums, 16), v128.load(parameters, 48));
    v128.store(output, f32x4.mul(f32x4.convert_i32x4_s(low), v128.load(parameters)));
    v128.store(output, f32x4.mul(f32x4.convert_i32x4_s(high), v128.load(parameters, 16)), 16);
    parameters += gemm.output.parameterPitch;
    output += 32;
  }
}
