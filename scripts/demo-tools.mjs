/** @file Runs the commands that make the demo's models. Files that exist are not made again. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSbq, writeSbq } from "@subbyte/engine";
import { named, root } from "./provenance.mjs";

export const say = (text) => process.stderr.write(`${text}\n`);
export const rounded = (value) => Number(value.toFixed(5));
const decibels = (value) => (Number.isFinite(value) ? Number(value.toFixed(1)) : null);

/** Runs a command of the project and returns its standard output. */
export const subbyte = (...args) =>
  execFileSync("node", [join(root, "packages/cli/dist/main.js"), ...args, "--quiet"], {
    encoding: "utf8",
    maxBuffer: 64e6,
  });

/** @param {{ folder: string, threads: string }} options  where files are kept, and threads of the commands */
export function workshop({ folder, threads }) {
  mkdirSync(folder, { recursive: true });
  const cli = (...args) => subbyte(...args, "--threads", threads);
  const work = (name) => join(folder, name);

  /** Runs `make` if the file does not exist yet, and reads the file. */
  async function madeOnce(name, make) {
    if (!existsSync(work(name))) {
      say(`making ${name}`);
      await make(work(name));
    }
    return readFileSync(work(name));
  }

  const measuredOnce = async (name, measure) =>
    JSON.parse(await madeOnce(name, async (path) => writeFileSync(path, JSON.stringify(await measure()))));

  /** Error of each layer of the engine against the float network, measured on images of the data set. */
  async function errorsOfLayers(name, float, data, ...options) {
    const { layers } = await measuredOnce(`${name}.layers.json`, () =>
      JSON.parse(cli("inspect", work(`${name}.sbq`), "--compare", float, "--data", data, "--json", ...options)),
    );
    return Object.fromEntries(
      layers.map(({ layer, aloneDb, cumulativeDb }) => [
        layer,
        { aloneDb: decibels(aloneDb), cumulativeDb: decibels(cumulativeDb) },
      ]),
    );
  }

  return { cli, work, madeOnce, measuredOnce, errorsOfLayers };
}

/** Adds a network's name, its accuracy and the errors of its layers to the bytes of a `.sbq` file. */
export function described(bytes, name, { accuracy, layerErrors }) {
  const program = readSbq(bytes);
  const { source, ...provenance } = program.provenance;
  return writeSbq({
    ...program,
    name,
    provenance: {
      ...provenance,
      ...(source ? { source: named(source) } : {}),
      accuracy,
      ...(layerErrors ? { layerErrors } : {}),
    },
  });
}
