/** @file The runs of a study in the order of execution: float networks, chains, quantized networks, latency of each network. */

import { type Cell, cellName, type StudyDefinition } from "./definition.js";
import type { PlannedRun } from "./planned-run.js";
import { chainBits, isFloatOf } from "./read-study.js";
import { optionsFor } from "./run-options.js";

type Draft = Omit<PlannedRun, "key">;
type Unnumbered = Omit<Draft, "index">;

const caseName = ({ network, data }: Pick<Cell, "network" | "data">): string => `${network}-${data}`;

/** The runs of a study, without their keys. */
export function plannedRuns(study: StudyDefinition): readonly Draft[] {
  const runs: Draft[] = [];
  const add = (run: Unnumbered): Draft => {
    const added = { index: runs.length, ...run };
    runs.push(added);
    return added;
  };
  const floats = new Map<string, Draft>();
  for (const cell of study.cells)
    if (!floats.has(caseName(cell))) floats.set(caseName(cell), add(floatRun(study, cell)));
  const chains = new Map<string, Draft>();
  for (const chain of chainRuns(study, (cell) => floats.get(caseName(cell))!)) chains.set(chain.id, add(chain));
  const quantized = study.cells.map((cell) =>
    add(quantizedRun(study, cell, floats.get(caseName(cell))!, chains.get(chainName(cell)))),
  );
  if (study.latency)
    for (const float of floats.values())
      add(
        latencyRun(
          study.latency,
          float,
          quantized.filter(({ needs }) => needs[0] === float.index),
        ),
      );
  return runs;
}

function floatRun(study: StudyDefinition, { network, data }: Cell): Unnumbered {
  const { networks, imports } = study;
  const imported = imports.findLast(isFloatOf(network, data))?.file ?? (networks[network]!.model as string | undefined);
  const cell = { network, data };
  const train = optionsFor(study, "train", cell);
  return {
    id: `${caseName(cell)}-float`,
    kind: "float",
    ...cell,
    seed: Number(train.seed ?? 0),
    ...(imported === undefined ? {} : { file: imported }),
    steps: [
      ...(imported === undefined ? [{ task: "train", options: train } as const] : []),
      { task: "evaluate", options: optionsFor(study, "evaluate", cell) },
    ],
    needs: [],
  };
}

/** The file that was imported as the network of a cell; undefined if there is none. */
const importFor = ({ imports }: StudyDefinition, cell: Cell): string | undefined =>
  imports.findLast(
    ({ network, data, cell: own }) => own !== undefined && cellName({ network, data, ...own }) === cellName(cell),
  )?.file;

const chainName = ({ network, data, method, seed }: Cell): string => `${network}-${data}-${method}-chain-s${seed}`;

/** One training per method with a chain, for all its bit widths in decreasing order. */
function chainRuns(study: StudyDefinition, floatOf: (cell: Cell) => Draft): readonly Unnumbered[] {
  const links = study.cells.filter((cell) => study.methods[cell.method]!.chain && importFor(study, cell) === undefined);
  return [...new Set(links.map(chainName))].map((id) => {
    const own = links.filter((cell) => chainName(cell) === id);
    const { bits: _, ...first } = own[0]!;
    const bits = own.map((cell) => chainBits(study.bits[cell.bits]!)!).toSorted((a, b) => b - a);
    return {
      id,
      kind: "chain",
      ...first,
      steps: [{ task: "qat", options: { ...optionsFor(study, "qat", first), bits } }],
      needs: [floatOf(own[0]!).index],
    };
  });
}

function quantizedRun(study: StudyDefinition, cell: Cell, float: Draft, chain: Draft | undefined): Unnumbered {
  const { task } = study.methods[cell.method]!;
  const { position } = study.bits[cell.bits]!;
  const imported = importFor(study, cell);
  const link = imported === undefined ? chain : undefined;
  return {
    id: cellName(cell),
    kind: "quantized",
    ...cell,
    ...(position === undefined ? {} : { position }),
    ...(imported === undefined ? {} : { file: imported }),
    ...(link === undefined ? {} : { stage: chainBits(study.bits[cell.bits]!)! }),
    steps: [
      ...(imported === undefined && link === undefined
        ? [{ task, options: optionsFor(study, task, cell) } as const]
        : []),
      { task: "evaluate", options: optionsFor(study, "evaluate", cell) },
    ],
    needs: [float.index, ...(link === undefined ? [] : [link.index])],
  };
}

/** A latency run. Speed depends on bit widths, not on how weights were found, so the first run of each bit width takes part. */
function latencyRun(
  latency: NonNullable<StudyDefinition["latency"]>,
  { network, data, index }: Draft,
  quantized: readonly Draft[],
): Unnumbered {
  const first = new Map(quantized.toReversed().map((run) => [run.bits, run.index]));
  return {
    id: `${caseName({ network, data })}-latency`,
    kind: "latency",
    network,
    data,
    seed: 0,
    steps: [],
    latency,
    needs: [index, ...[...first.values()].toSorted((a, b) => a - b)],
  };
}
