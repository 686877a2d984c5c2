import { kilobytes, percent, table } from "./format.mjs";

/**
 * What a reader asks first: accuracy and size of a float network (`subbyte evaluate`), of what quantization makes of it
 * (its ablations), and how fast that runs (`subbyte bench --engine`).
 */
export function overviewTable([{ result: float }, { result: quantized }, { result: speed }]) {
  const shown = ["W8A8 ranges", "W4A8", "W4A4", "W4A4 no data", "W3A3", "W2A2"];
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const rows = shown.map((name) => {
    const own = quantized.measurements.filter(({ configuration }) => configuration.name === name);
    const [, weights, activations] = /^W(\d)A(\d)/.exec(name);
    const faster = ["float32", "int8"].map((peer) => {
      const ratio = speed.ratios[`resnet20-32-w${weights}a${activations}/ort-web-${peer}`];
      return ratio === undefined ? "" : `${ratio.toFixed(1)}×`;
    });
    return [
      name,
      percent(mean(own.map(({ accuracy }) => accuracy))),
      kilobytes(Math.max(...own.map(({ fileBytes }) => fileBytes))),
      ...faster,
    ];
  });
  return table(
    ["bits", "accuracy", "file", "speed to onnxruntime-web float32", "to its int8"],
    [["float", percent(float.top1), kilobytes(float.fileBytes), "", ""], ...rows],
  );
}
