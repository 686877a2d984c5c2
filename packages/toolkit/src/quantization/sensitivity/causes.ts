/** @file States the cause of a layer's noise in words, as a hint where to look next. */

/** Measurements of one layer if no other layer is quantized. */
export interface LayerFacts {
  readonly layer: string;
  readonly op: string;
  readonly position: "first" | "inner" | "last";
  readonly weightBits: number;
  readonly inputBits: number;
  /** Mean square of the layer's output without bias. */
  readonly signal: number;
  /** Mean square of the noise in the layer's output, by origin. */
  readonly noise: {
    readonly weights: number;
    readonly clipping: number;
    readonly rounding: number;
    readonly bias: number;
  };
  /** Share of the input's values outside of its range. */
  readonly clippedShare: number;
  /** Share of the weights outside of their channel's range. */
  readonly clippedWeightShare: number;
  readonly unusedInputCodes: number;
  readonly unusedWeightCodes: number;
  /** Input channels that are 0 on every image. */
  readonly deadInputs: number;
  /** Output channels whose weights are all 0. */
  readonly deadChannels: number;
  /** Output channels with a weight scale below 1e-7. */
  readonly tinyScales: number;
  /** Index of the input channel with the largest value. `outlierRatio` is that value divided by the median channel's. */
  readonly outlierChannel: number;
  readonly outlierRatio: number;
  /** Largest ratio of a channel's extreme weight to its root mean square. */
  readonly weightPeak: number;
  /** The largest channel's extreme weight divided by the median channel's; folding batch norm can make this large. */
  readonly weightSpread: number;
}

/** If a channel is this many times the median, the others share few codes. */
const OUTLIER = 5;
/** A normal distribution of a thousand weights has its extreme at 3.2 deviations, so this is a clear outlier. */
const PEAK = 6;
const SPREAD = 16;

/** A sentence that names the origin of most of the noise and, if it can be seen, the reason. */
export function causeOf(facts: LayerFacts): string {
  const { noise, position, weightBits, inputBits } = facts;
  const total = noise.weights + noise.clipping + noise.rounding + noise.bias;
  const remarks: string[] = [];
  if (total === 0 || facts.signal === 0)
    return facts.signal === 0 ? "dead: its output is 0 on every image" : "exact on these images";
  const [origin, power] = Object.entries(noise).reduce((a, b) => (b[1] > a[1] ? b : a));
  const share = `${Math.round((100 * power) / total)} % of its noise`;
  const main: Record<string, string> = {
    weights: `rounding of weights to ${weightBits} bits (${share})`,
    clipping: `clipping of its input (${share}, ${(100 * facts.clippedShare).toFixed(2)} % of the values)`,
    rounding: `rounding of its input to ${inputBits} bits (${share})`,
    bias: `the bias's integer grid (${share}): scales of input and weights are too coarse for it`,
  };
  if (origin === "weights" && facts.weightPeak > PEAK)
    remarks.push(`a weight ${facts.weightPeak.toFixed(0)} times its channel's deviation stretches the grid`);
  if (origin === "weights" && facts.weightSpread > SPREAD)
    remarks.push(
      `batch-norm folding left channels with weights ${facts.weightSpread.toFixed(0)} times those of the median channel`,
    );
  if (origin !== "weights" && facts.outlierRatio > OUTLIER)
    remarks.push(
      `outlier channel ${facts.outlierChannel} of its input reaches ${facts.outlierRatio.toFixed(0)} times the median channel; equalization may help`,
    );
  if (position !== "inner" && Math.min(weightBits, inputBits) < 8)
    remarks.push(`it is the ${position} layer, which is better kept at 8 bits (\`firstLastBits\` 8)`);
  if (facts.deadChannels > 0) remarks.push(`output channels of only zero weights: ${facts.deadChannels}`);
  if (facts.tinyScales > 0) remarks.push(`weight scales below 1e-7: ${facts.tinyScales}`);
  return [main[origin]!, ...remarks].join("; ");
}
