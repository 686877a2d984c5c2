import { kilobytes, percent, table } from "./format.mjs";

/** Results of `subbyte quickstart`. */
export const quickstartTable = ({ result: { float, rows, parameters } }) =>
  table(
    ["bits", "method", "accuracy", "agreement with the simulation", "file", "compression"],
    [
      ["32", "float", percent(float.top1), "", kilobytes(4 * parameters), "1.0×"],
      ...rows.map((row) => [
        row.bits,
        row.method,
        percent(row.accuracy),
        percent(row.agreement),
        kilobytes(row.fileBytes),
        `${row.compression.toFixed(1)}×`,
      ]),
    ],
  );
