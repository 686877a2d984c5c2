/** The last layer: v = fround(fround(acc + bias) · m[c]) as float32 (rule 10). */
import { LogitsTask } from "./tasks";

export function logits<Product>(task: LogitsTask): void {
  const gemm = task.gemm;
  let parameters = task.parameters;
  let output = task.output;
  for (let block = 0; block < gemm.blocks; block++) {
    const initial = gemm.initial + <usize>((block * gemm.segmentCount) << 5);
    changetype<Product>(0).accumulate(gemm, gemm.input, gemm.inputPixels, 1, gemm.weights + <usize>(block * gemm.blockPitch), initial, gemm.sums);
    const low = i32x4.add(v128.load(gemm.sums), v128.load(parameters, 32));
    const high = i32x4.add(v128.load(gemm.sums, 16), v128.load(parameters, 48));
    v128.store(output, f32x4.mul(f32x4.convert_i32x4_s(low), v128.load(parameters)));
    v128.store(output, f32x4.mul(f32x4.convert_i32x4_s(high), v128.load(parameters, 16)), 16);
    parameters += task.parameterPitch;
    output += 32;
  }
}
