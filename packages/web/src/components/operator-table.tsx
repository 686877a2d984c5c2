/** @file The operators of a program, in the order in which they run. */

import type { Signal } from "@preact/signals";
import type { JSX } from "preact";
import { compact, duration } from "../format.js";
import type { OperatorRow } from "../inside/program-view.js";
import { BitGlyph } from "./icons.js";

interface OperatorTableProps {
  readonly rows: readonly OperatorRow[];
  /** Milliseconds by operator. */
  readonly times: ReadonlyMap<number, number> | undefined;
  readonly selected: Signal<number>;
}

export function OperatorTable({ rows, times, selected }: OperatorTableProps): JSX.Element {
  const hasErrors = rows.some(({ error }) => error !== undefined);
  const slowest = Math.max(...(times?.values() ?? [1]));
  const decibels = (value: number | null | undefined) => (value == null ? "–" : `${value.toFixed(1)} dB`);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="scroll tall" tabIndex={0} aria-label="Operators">
      <table class="table">
        <caption class="visually-hidden">Operators in the order in which they run</caption>
        <thead>
          <tr>
            <th scope="col">Operator</th>
            <th scope="col">Kind</th>
            <th scope="col">Output</th>
            <th scope="col">Weights</th>
            <th scope="col">Codes</th>
            <th scope="col" class="number">
              Multiply-adds
            </th>
            {hasErrors ? (
              <th
                scope="col"
                class="number"
                title="Signal-to-noise ratio compared with the float network, if all layers before this one are quantized too"
              >
                Signal to noise
              </th>
            ) : null}
            {times === undefined ? null : (
              <th scope="col" class="number">
                Time
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const milliseconds = times?.get(row.index);
            return (
              <tr key={row.index} aria-current={row.index === selected.value ? "true" : undefined}>
                <th scope="row">
                  {row.weights === undefined ? (
                    <span class="op-name">{row.name}</span>
                  ) : (
                    <button
                      class="op-name link"
                      type="button"
                      onClick={() => {
                        selected.value = row.index;
                      }}
                    >
                      {row.name}
                    </button>
                  )}
                </th>
                <td>{row.type}</td>
                <td class="nowrap">{row.shape.join(" × ")}</td>
                <td class="nowrap">{row.weightBits === undefined ? "" : <Width bits={row.weightBits} />}</td>
                <td class="nowrap">{row.outputBits === undefined ? "float" : <Width bits={row.outputBits} />}</td>
                <td class="number">{row.multiplyAdds === 0 ? "" : compact(row.multiplyAdds)}</td>
                {hasErrors ? <td class="number">{row.error ? decibels(row.error.cumulativeDb) : ""}</td> : null}
                {times === undefined ? null : (
                  <td class="number">
                    {milliseconds === undefined ? (
                      ""
                    ) : (
                      <span class="measure narrow">
                        {duration(milliseconds)}
                        <span class="bar">
                          <span style={{ width: `${(100 * milliseconds) / slowest}%` }} />
                        </span>
                      </span>
                    )}
                  </td>
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function Width({ bits }: { readonly bits: number }): JSX.Element {
  return (
    <span class="row" style={{ gap: "var(--space-2)", flexWrap: "nowrap" }}>
      <BitGlyph bits={bits} height={10} />
      {bits}
    </span>
  );
}
