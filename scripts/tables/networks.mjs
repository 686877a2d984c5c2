import { distinct, table } from "./format.mjs";

/** Sorts numbers by value: opset 9 before opset 10. */
const { compare } = new Intl.Collator("en", { numeric: true });
const inReadingOrder = (a, b) => compare(`${a.network}: ${a.form}`, `${b.network}: ${b.form}`);

/** Results of scripts/measure-networks.mjs: one table per exporter. */
export function networkTables({ result: { networks } }) {
  const run = ({ quantized }, bits) => {
    const found = quantized?.find((each) => each.bits === bits);
    return found === undefined
      ? ""
      : found.differing === 0 && found.unproved.length === 0
        ? "the same"
        : `${found.differing} differ`;
  };
  const error = (difference) => (difference === 0 ? "0" : difference.toExponential(0));
  const exporters = distinct(networks.map(({ exporter }) => exporter));
  return exporters
    .map((exporter) => {
      const rows = networks.filter((row) => row.exporter === exporter).toSorted(inReadingOrder);
      const cells = rows.map((row) => [
        row.network,
        row.form,
        row.refused ? `refused: ${row.refused.join(", ")}` : error(row.difference),
        run(row, 8),
        run(row, 4),
      ]);
      return `### ${exporter}\n\n${table(["network", "form", "float", "8 bits", "4 bits"], cells)}`;
    })
    .join("\n\n");
}
