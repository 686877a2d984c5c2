/**
 * @file The table of networks and forms that run. With `SUBBYTE_NETWORKS=results/networks.json`, the tests of whole networks
 * write their results to that file; `npm run docs:tables` makes docs/networks.md from it.
 */

import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import type { WholeWay } from "../src/testing/whole-way.js";

export interface NetworkRow extends WholeWay {
  /** What wrote the file, such as "PyTorch 1.13, torchvision". */
  readonly exporter: string;
  readonly network: string;
  /** Such as "opset 13, batch free". */
  readonly form: string;
}

/** Where `refused` is there, the network is refused, with this message. */
export interface RefusedRow extends Pick<NetworkRow, "exporter" | "network" | "form"> {
  readonly refused: readonly string[];
}

export async function record(row: NetworkRow | RefusedRow): Promise<void> {
  const path = process.env.SUBBYTE_NETWORKS;
  if (!path) return;
  const rows: Record<string, unknown> = existsSync(path) ? JSON.parse(await readFile(path, "utf8")) : {};
  rows[`${row.exporter}: ${row.network}, ${row.form}`] = row;
  const sorted = Object.fromEntries(Object.entries(rows).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  await writeFile(path, `${JSON.stringify(sorted, undefined, 2)}\n`);
}
