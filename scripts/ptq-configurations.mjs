/**
 * Configurations of the table of post-training quantization, and their ablations: a name without commas, which separate names on the
 * command line, and options of the task `quantize`. `ablates` names the configuration that an ablation differs from in one thing.
 */

const bits = (weights, activations) => ({ weights, activations, method: "mse" });
const noData = { data: "none" };

const w4a4 = { name: "W4A4", ...bits(4, 4), method: "reconstruct" };
const w3a3 = { name: "W3A3", ...bits(3, 3), method: "reconstruct" };
const w2a2 = { name: "W2A2", ...bits(2, 2), method: "reconstruct" };
const mixed = {
  name: "mixed 3 bits",
  avgBits: 3,
  sensitivityImages: 1024,
  method: "reconstruct",
  endToEnd: 1500,
};
const ranges = { name: "W4A4 ranges", ...bits(4, 4) };

const rows = [
  { name: "W8A8 ranges", ...bits(8, 8) },
  { name: "W6A6 ranges", ...bits(6, 6) },
  ranges,
  { name: "W4A8", ...bits(4, 8), method: "reconstruct" },
  w4a4,
  { ...w4a4, name: "W4A4 every layer", firstLastBits: 4, iterations: 6000 },
  w3a3,
  w2a2,
  mixed,
  { name: "W4A4 no data ranges", ...bits(4, 4), ...noData },
  { ...w4a4, name: "W4A4 no data", ...noData },
  // More images, and more steps per block to learn from them.
  ...[w3a3, mixed].map((each) => ({
    ...each,
    name: `${each.name} 8192 images`,
    calibrationImages: 8192,
    iterations: 5000,
  })),
];

/** Without the pass over the whole network, and with a third of the steps: the same comparison in a quarter of the time. */
const shortBlocks = { ...w3a3, name: "W3A3 short blocks", iterations: 1000, endToEnd: 0 };

/** @param base a configuration, @param changes what differs, by what is added to its name */
const ablating = (base, changes) =>
  Object.entries(changes).map(([name, change]) => ({
    ...base,
    ...change,
    name: `${base.name} ${name}`,
    ablates: base.name,
  }));

export const configurations = [
  ...rows,
  ...ablating(ranges, {
    minmax: { method: "minmax" },
    percentile: { method: "percentile" },
    kl: { method: "kl" },
    equalized: { equalize: true },
    "bias correction": { biasCorrection: true },
  }),
  ...ablating(w4a4, {
    adaround: { method: "adaround" },
    "full weight range": { narrowWeights: false },
    "residual 4 bits": { residualBits: 4 },
  }),
  ...ablating(w3a3, {
    "no variations": { reconstruction: { vary: false } },
    "blocks alone": { endToEnd: 0 },
  }),
  shortBlocks,
  ...ablating(shortBlocks, {
    "no mirror images": { mirror: false },
    "drop 0.5": { reconstruction: { drop: 0.5 } },
    "weight scales fixed": { reconstruction: { scaleRate: 0 } },
    "biases fixed": { reconstruction: { biasRate: 0 } },
    "steps fixed": { reconstruction: { stepRate: 0 } },
  }),
  ...ablating(w2a2, { "blocks alone": { endToEnd: 0 } }),
];

/** One line: what a configuration does. */
export function described({ name: _, ablates, avgBits, weights, activations, method, data }) {
  const widths = avgBits === undefined ? `W${weights}A${activations}` : `${avgBits} bits on average`;
  const images = data === "none" ? ", images from batch-norm statistics" : "";
  return `${widths}, ${method}${images}${ablates ? `; compare with ${ablates}` : ""}`;
}
