/** @file Parts that networks of all exporters share: random weights of a sensible size, and constants. */

import { type Attributes, float32, GraphBuilder, type Tensor } from "@subbyte/graph";
import { Random } from "../../src/random.js";

export class Builder extends GraphBuilder {
  readonly #random = new Random(1);

  /** He's initialization for `[outputs, inputs, ...kernel]`. */
  weights(name: string, shape: readonly number[], fan = shape.slice(1).reduce((a, b) => a * b, 1)): string {
    return this.constant(this.normal(shape, Math.sqrt(2 / fan)), name);
  }

  normal(shape: readonly number[], deviation: number, mean = 0): Tensor {
    const length = shape.reduce((a, b) => a * b, 1);
    return float32(
      Float32Array.from({ length }, () => this.#random.normal(mean, deviation)),
      shape,
    );
  }

  /** Between 0.5 and 1.5, as variances and factors are. */
  positive(shape: readonly number[]): Tensor {
    const { data } = this.normal(shape, 0.2, 1);
    return float32(
      (data as Float32Array).map((value) => Math.min(1.5, Math.max(0.5, value))),
      shape,
    );
  }

  int32(values: readonly number[]): string {
    return this.constant({ dtype: "int32", shape: [values.length], data: Int32Array.from(values) });
  }

  numbers(values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.constant(float32(values, shape));
  }

  batchNorm(name: string, x: string, channels: number): string {
    const shape = [channels];
    const parts = [this.positive(shape), this.normal(shape, 0.1), this.normal(shape, 0.1), this.positive(shape)];
    const inputs = parts.map((tensor, i) =>
      this.constant(tensor, `${name}.${["weight", "bias", "running_mean", "running_var"][i]}`),
    );
    return this.op("BatchNormalization", [x, ...inputs], { epsilon: 1e-5 }, { name });
  }

  /** @param kernel `[outputs, inputs / groups, height, width]` */
  conv(name: string, x: string, kernel: readonly number[], attributes: Attributes = {}, bias = true): string {
    const inputs = [x, this.weights(`${name}.weight`, kernel)];
    if (bias) inputs.push(this.constant(this.normal([kernel[0]!], 0.1), `${name}.bias`));
    return this.op("Conv", inputs, { kernel_shape: kernel.slice(2), ...attributes }, { name });
  }
}
