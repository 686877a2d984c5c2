/** @file One layer's weights: how often each code occurs, and a filter at 8 … 2 bits. */

import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { count, large } from "../format.js";
import { codeCounts, filterOf, type OperatorRow } from "../inside/program-view.js";
import { requantize } from "../inside/requantize.js";
import { FilterPicture } from "./filter-picture.js";

export function LayerDetail({ row }: { readonly row: OperatorRow }): JSX.Element {
  const weights = row.weights!;
  const [outputs] = weights.shape as [number];
  const channel = useSignal(0);
  const index = Math.min(channel.value, outputs - 1);
  const filter = filterOf(weights, index);
  return (
    <div class="detail">
      <Histogram row={row} />
      <section class="stack" aria-label="One filter at fewer bits">
        <div class="panel-head" style={{ margin: 0 }}>
          <h3>One filter at {weights.bits} bits and fewer</h3>
          <label class="row small">
            Output channel
            <input
              type="number"
              min={1}
              max={outputs}
              value={index + 1}
              onInput={({ currentTarget }) => {
                const next = Math.round(Number(currentTarget.value)) - 1;
                if (next >= 0 && next < outputs) channel.value = next;
              }}
            />
            of {outputs}
          </label>
        </div>
        <div class="filters">
          {[8, 7, 6, 5, 4, 3, 2]
            .filter((bits) => bits <= weights.bits)
            .map((bits) => (
              <FilterAt key={bits} filter={filter} bits={bits} stored={weights.bits} />
            ))}
        </div>
        <p class="small muted">
          {`${filter.height} × ${filter.width} weights for each of ${filter.inputs} input channels; blue is positive, orange negative. `}
          {weights.bits > 2 ? "Fewer bits come from plain rounding here; a quantizer chooses better values." : ""}
        </p>
      </section>
    </div>
  );
}

interface FilterAtProps {
  readonly filter: ReturnType<typeof filterOf>;
  readonly bits: number;
  readonly stored: number;
}

function FilterAt({ filter, bits, stored }: FilterAtProps): JSX.Element {
  const isStored = bits === stored;
  const { values, signalToNoise } = isStored
    ? { values: filter.values, signalToNoise: Number.POSITIVE_INFINITY }
    : requantize(filter.values, bits);
  const loss = isStored ? "as stored" : Number.isFinite(signalToNoise) ? `${signalToNoise.toFixed(1)} dB` : "no loss";
  return (
    <figure>
      <FilterPicture {...filter} values={values} label={`The filter at ${bits} bits: ${loss}`} />
      <figcaption class="small">
        <strong>{bits} bits</strong> <span class="muted">{loss}</span>
      </figcaption>
    </figure>
  );
}

const [width, height] = [480, 150];

function Histogram({ row }: { readonly row: OperatorRow }): JSX.Element {
  const found = useComputed(() => codeCounts(row.weights!));
  const { least, counts } = found.value;
  const most = Math.max(...counts);
  const step = width / counts.length;
  const gap = counts.length > 64 ? 0 : Math.min(4, step / 5);
  const used = counts.filter((each) => each > 0).length;
  const total = row.weights!.codes.length;
  const zeros = counts[-least]! / total;
  return (
    <figure class="stack">
      <h3>{large(total)} weights by code</h3>
      <svg
        class="histogram"
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Histogram of weight codes from ${least} to ${least + counts.length - 1}: ${used} of ${counts.length} codes occur`}
      >
        {Array.from(counts, (each, i) => (
          <rect
            key={i}
            x={i * step + gap / 2}
            y={height * (1 - each / most)}
            width={step - gap}
            height={(height * each) / most}
          >
            <title>{`code ${i + least}: ${count(each)}`}</title>
          </rect>
        ))}
      </svg>
      <div class="axis small muted">
        <span>{least}</span>
        <span>0</span>
        <span>{least + counts.length - 1}</span>
      </div>
      <figcaption class="small muted">
        {`${used} of ${counts.length} codes occur; ${(100 * zeros).toFixed(1)} % are zero.`}
      </figcaption>
    </figure>
  );
}
