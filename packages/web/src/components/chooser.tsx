/** @file Chooses the network and the bit widths that are shown. */

import type { JSX } from "preact";
import { type CatalogModel, type Family, modelName } from "../catalog/types.js";
import { byteSize, percent } from "../format.js";
import { chooseFamily, chosen, families, family, toggleModel } from "../state/catalog.js";
import { place } from "../state/place.js";
import { runnerState } from "../state/runners.js";
import { BitGlyph, Icon } from "./icons.js";

interface ChooserProps {
  /** The only kind of networks that is offered; by default all kinds. */
  readonly kind?: Family["kind"];
  readonly name: string;
}

export function Chooser({ kind, name }: ChooserProps): JSX.Element {
  const shown = families.value.filter((each) => kind === undefined || each.kind === kind);
  const current = family.value;
  return (
    <section class="panel chooser" aria-label="Network and bit widths">
      {shown.length > 1 ? (
        <fieldset>
          <legend>Network</legend>
          <div class="choices">
            {shown.map((each) => (
              <label class="choice" key={each.id}>
                <input
                  type="radio"
                  name={`${name}-family`}
                  checked={each.id === current?.id}
                  onChange={() => chooseFamily(each.id)}
                />
                <span class="choice-head">
                  <strong>{each.title}</strong>
                  <span class="tick">
                    <Icon name="check" />
                  </span>
                </span>
                <span class="small">{each.classes}</span>
              </label>
            ))}
          </div>
        </fieldset>
      ) : null}
      {current === undefined ? null : (
        <fieldset>
          <legend>Bit widths to compare</legend>
          <div class="widths" style={{ "--count": current.models.length }}>
            {current.models.map((model) => (
              <WidthChoice key={model.id} model={model} siblings={current.models} />
            ))}
          </div>
          {current.models.some(({ bits }) => bits === 32) && place.value === "browser" ? (
            <p class="small muted" style={{ marginBlockStart: "var(--space-2)" }}>
              Float runs on onnxruntime-web, which is another 14 MB to download the first time.
            </p>
          ) : null}
        </fieldset>
      )}
    </section>
  );
}

function WidthChoice({
  model,
  siblings,
}: {
  readonly model: CatalogModel;
  readonly siblings: readonly CatalogModel[];
}): JSX.Element {
  return (
    <label class="choice">
      <input type="checkbox" checked={chosen.value.includes(model)} onChange={() => toggleModel(model)} />
      <span class="choice-head">
        <BitGlyph bits={model.bits} />
        <span class="tick">
          <Icon name="check" />
        </span>
      </span>
      <strong>{modelName(model, siblings)}</strong>
      <span class="small">{byteSize(model.bytes)}</span>
      {model.accuracy === undefined ? null : <span class="small">{percent(model.accuracy)} right</span>}
      <RunnerProgress model={model} />
    </label>
  );
}

function RunnerProgress({ model }: { readonly model: CatalogModel }): JSX.Element | null {
  const state = runnerState(model).value;
  if (state.phase === "loading")
    return (
      <progress
        aria-label="Loading"
        value={state.download?.loadedBytes ?? 0}
        max={state.download?.totalBytes ?? model.bytes}
      />
    );
  if (state.phase === "failed") return <span class="badge wrong">failed</span>;
  if (state.phase === "ready" && state.readiness?.cached) return <span class="badge">cached</span>;
  return null;
}
