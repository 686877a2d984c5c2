/** @file Accuracy, size and times, one row per bit width and runtime. */

import type { JSX } from "preact";
import { type CatalogModel, modelName } from "../catalog/types.js";
import { byteSize, duration, percent } from "../format.js";
import type { Measurement } from "../runtime/measure.js";
import { family } from "../state/catalog.js";
import { contestants, measurementOf } from "../state/measurements.js";
import { BitGlyph } from "./icons.js";

const columns = ["Accuracy", "File", "Memory", "Download", "Cold", "Median", "p95"] as const;
type Column = (typeof columns)[number];

const NONE = "–";

export function ComparisonTable(): JSX.Element {
  const models = contestants.value;
  const found = models.map(measurementOf);
  const largest = Math.max(...models.map(({ bytes }) => bytes));
  const slowest = Math.max(...found.map((each) => each?.medianMs ?? 0));
  const cellsOf = (
    model: CatalogModel,
    result: Measurement | undefined,
  ): Readonly<Record<Column, JSX.Element | string>> => ({
    Accuracy: model.accuracy === undefined ? NONE : percent(model.accuracy, 2),
    File: (
      <Measure
        value={byteSize(model.bytes)}
        share={model.bytes / largest}
        ratio={models[0]!.bytes / model.bytes}
        words={["smaller", "larger"]}
      />
    ),
    Memory: bytesOrNone(result?.peakBytes ?? model.peakBytes),
    Download: timeOrNone(result?.downloadMs),
    Cold: timeOrNone(result?.coldMs),
    Median:
      result === undefined ? (
        NONE
      ) : (
        <Measure
          value={duration(result.medianMs)}
          share={result.medianMs / slowest}
          ratio={found[0] === undefined ? 1 : found[0].medianMs / result.medianMs}
          words={["faster", "slower"]}
        />
      ),
    p95: timeOrNone(result?.p95Ms),
  });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="scroll" tabIndex={0} aria-label="Accuracy, size and times by bit width">
      <table class="comparison cards">
        <caption class="visually-hidden">Accuracy, size and times by bit width</caption>
        <thead>
          <tr>
            <th scope="col">Bit width</th>
            {columns.map((title) => (
              <th scope="col" class="number" key={title}>
                {title}
              </th>
            ))}
            <th scope="col">Runs on</th>
          </tr>
        </thead>
        <tbody>
          {models.map((model, i) => {
            const cells = cellsOf(model, found[i]);
            return (
              <tr key={model.id}>
                <th scope="row">
                  <span class="row nowrap">
                    <BitGlyph bits={model.bits} />
                    {modelName(model, family.value!.models)}
                  </span>
                </th>
                {columns.map((title) => (
                  <td class="number" key={title} data-title={title}>
                    {cells[title]}
                  </td>
                ))}
                <td class="small muted" data-title="Runs on">
                  {found[i]?.how ?? "not measured yet"}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

const timeOrNone = (milliseconds: number | undefined): string =>
  milliseconds === undefined ? NONE : duration(milliseconds);

const bytesOrNone = (bytes: number | undefined): string => (bytes === undefined ? NONE : byteSize(bytes));

interface MeasureProps {
  readonly value: string;
  /** Share of the largest value in the column, 0 … 1. */
  readonly share: number;
  /** The ratio of the reference to the value. */
  readonly ratio: number;
  /** The words for a ratio above 1, and for one below. */
  readonly words: readonly [string, string];
}

/** A number with a bar, and its ratio to the number of the reference, in words. */
function Measure({ value, share, ratio, words: [less, more] }: MeasureProps): JSX.Element {
  const times = Math.max(ratio, 1 / ratio).toFixed(1);
  return (
    <span class="measure">
      {value}
      <span class="bar">
        <span style={{ width: `${100 * share}%` }} />
      </span>
      {times === "1.0" ? null : <span class="small muted">{`${times}× ${ratio > 1 ? less : more}`}</span>}
    </span>
  );
}
