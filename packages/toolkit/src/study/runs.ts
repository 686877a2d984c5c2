/** @file The runs of a study in the order of execution: float networks, quantized ones, then the latency of each network. */

import { type Cell, cellName, type StudyDefinition } from "./definition.js";
import type { PlannedRun } from "./planned-run.js";
import { isFloatOf } from "./read-study.js";
import { optionsFor } from "./run-options.js";

type Draft = Omit<PlannedRun, "key">;
type Unnumbered = Omit<Draft, "index">;

const caseName = ({ network, data }: Pick<Cell, "network" | "data">): string => `${network}-${data}`;

/** Runs without their keys. */
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
  const quantized = study.cells.map((cell) => add(quantizedRun(study, cell, floats.get(caseName(cell))!)));
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

function quantizedRun(study: StudyDefinition, cell: Cell, float: Draft): Unnumbered {
  const { task } = study.methods[cell.method]!;
  const { position } = study.bits[cell.bits]!;
  const imported = study.imports.findLast(
    ({ network, data, cell: own }) => own !== undefined && cellName({ network, data, ...own }) === cellName(cell),
  )?.file;
  return {
    id: cellName(cell),
    kind: "quantized",
    ...cell,
    ...(position === undefined ? {} : { position }),
    ...(imported === undefined ? {} : { file: imported }),
    steps: [
      ...(imported === undefined ? [{ task, options: optionsFor(study, task, cell) } as const] : []),
      { task: "evaluate", options: optionsFor(study, "evaluate", cell) },
    ],
    needs: [float.index],
  };
}

/** Speed depends on bit widths, not on how weights were found: the first run of each bit width takes part. */
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
