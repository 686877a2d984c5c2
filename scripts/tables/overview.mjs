import { kilobytes, percent, table } from "./format.mjs";

/** Accuracy and size of a float network (`subbyte evaluate`) and of its quantized forms (its ablations). */
export function overviewTable([{ result: float }, { result: quantized }]) {
  const shown = ["W8A8 ranges", "W4A8", "W4A4", "W4A4 no data", "W3A3", "W2A2"];
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const rows = shown.map((name) => {
    const own = quantized.measurements.filter(({ configuration }) => configuration.name === name);
    const bytes = Math.max(...own.map(({ fileBytes }) => fileBytes));
    const accuracy = percent(mean(own.map(({ accuracy }) => accuracy)));
    return [name, accuracy, kilobytes(bytes), `${(float.fileBytes / bytes).toFixed(1)}×`];
  });
  return table(
    ["bits", "accuracy", "file", "smaller by"],
    [["float", percent(float.top1), kilobytes(float.fileBytes), ""], ...rows],
  );
}
