/** @file Ranked classes as bars. */

import type { Prediction } from "@subbyte/engine";
import type { JSX } from "preact";
import { percent, shortLabel } from "../format.js";

interface ConfidenceProps {
  readonly predictions: readonly Prediction[];
  /** Whether the first class has its name here too; otherwise a heading above shows it. */
  readonly nameFirst?: boolean;
}

export function Confidence({ predictions, nameFirst = false }: ConfidenceProps): JSX.Element {
  return (
    <ol class="stack" style={{ gap: "var(--space-1)" }}>
      {predictions.map(({ index, label, probability }, rank) => (
        <li class="confidence" key={rank}>
          {rank > 0 || nameFirst ? (
            <span class="name" title={label}>
              {shortLabel(label ?? `class ${index}`)}
            </span>
          ) : null}
          {rank > 0 || nameFirst ? <span class="number">{percent(probability)}</span> : null}
          <span class={rank === 0 ? "bar" : "bar second"}>
            <span style={{ width: `${100 * probability}%` }} />
          </span>
          {rank > 0 || nameFirst ? null : <span class="number">{percent(probability)}</span>}
        </li>
      ))}
    </ol>
  );
}
