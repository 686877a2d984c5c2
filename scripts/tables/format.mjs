/** Formats that the tables of results share. */

export const percent = (share) => `${(100 * share).toFixed(2)} %`;
/** A difference of two accuracies, in points. */
export const points = (share) => `${share < 0 ? "−" : "+"}${Math.abs(100 * share).toFixed(2)}`;
export const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
export const range = (values) => {
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(1));
  return least === most ? least : `${least}–${most}`;
};
export const distinct = (values) => [...new Set(values)];
export const table = (header, rows) =>
  [header, header.map((_, i) => (i === 0 ? "---" : "---:")), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
