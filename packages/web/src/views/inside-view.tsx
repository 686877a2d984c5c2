/** @file The contents of a model file. */

import { useSignal, useSignalEffect } from "@preact/signals";
import { inspect, load, type ModelInfo, type Program, readSbq } from "@subbyte/engine";
import type { JSX } from "preact";
import { type CatalogModel, modelName } from "../catalog/types.js";
import { LayerDetail } from "../components/layer-detail.js";
import { Notice } from "../components/notice.js";
import { OperatorTable } from "../components/operator-table.js";
import { OwnModel } from "../components/own-model.js";
import { byteSize, large, percent } from "../format.js";
import { operatorRows } from "../inside/program-view.js";
import { fetchModel } from "../runtime/store.js";
import { chooseFamily, families, family } from "../state/catalog.js";

interface Opened {
  readonly model: CatalogModel;
  readonly bytes: Uint8Array;
  readonly program: Program;
  readonly info: ModelInfo;
}

type State = "opening" | Opened | { readonly error: string } | "none";

export function InsideView(): JSX.Element {
  const wanted = useSignal<string | undefined>(undefined);
  const state = useSignal<State>("opening");
  const candidates = () => (family.value?.models ?? []).filter(({ format }) => format === "sbq");
  const current = () => candidates().find(({ id }) => id === wanted.value) ?? candidates()[0];

  useSignalEffect(() => {
    const model = current();
    state.value = model === undefined ? "none" : "opening";
    if (model === undefined) return;
    let stale = false;
    open(model).then(
      (opened) => {
        if (!stale) state.value = opened;
      },
      (error: Error) => {
        if (!stale) state.value = { error: error.message };
      },
    );
    return () => {
      stale = true;
    };
  });

  const shown = state.value;
  const model = current();
  return (
    <div class="view">
      <div class="intro">
        <h1>Look into a model</h1>
        <p>Operators, bit widths and weights, read from the file itself.</p>
      </div>
      <section class="panel fields" aria-label="Model">
        <label>
          Network
          <select value={family.value?.id} onChange={({ currentTarget }) => chooseFamily(currentTarget.value)}>
            {families.value.map(({ id, title }) => (
              <option key={id} value={id} selected={id === family.value?.id}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <label>
          Bit width
          <select
            value={model?.id}
            onChange={({ currentTarget }) => {
              wanted.value = currentTarget.value;
            }}
          >
            {candidates().map((each) => (
              <option key={each.id} value={each.id} selected={each === model}>
                {modelName(each, candidates())}
              </option>
            ))}
          </select>
        </label>
      </section>
      {shown === "opening" ? (
        <p class="muted" role="status">
          Opening the file …
        </p>
      ) : shown === "none" ? (
        <Notice>This network is here in float only; the page looks into .sbq files.</Notice>
      ) : "error" in shown ? (
        <Notice kind="wrong">The file cannot be opened: {shown.error}</Notice>
      ) : (
        <Anatomy key={shown.model.id} {...shown} />
      )}
      <OwnModel />
    </div>
  );
}

async function open(model: CatalogModel): Promise<Opened> {
  const { bytes } = await fetchModel(model, () => {});
  return { model, bytes, program: readSbq(bytes), info: inspect(bytes) };
}

function Anatomy({ model, bytes, program, info }: Opened): JSX.Element {
  const rows = operatorRows(program);
  const selected = useSignal(rows.find(({ weights }) => weights !== undefined)?.index ?? 0);
  const times = useSignal<ReadonlyMap<number, number> | undefined>(undefined);
  const timing = useSignal(false);
  const failure = useSignal<string | undefined>(undefined);

  const time = async () => {
    timing.value = true;
    failure.value = undefined;
    try {
      const loaded = await load(bytes);
      times.value = new Map((await loaded.profile(9)).map(({ operator, milliseconds }) => [operator, milliseconds]));
      loaded.dispose();
    } catch (error) {
      failure.value = error instanceof Error ? error.message : String(error);
    }
    timing.value = false;
  };

  const { provenance, inputShape, classes, weights, weightBits, multiplyAdds, peakBytes } = info;
  const facts: readonly (readonly [string, string])[] = [
    ["Input", `${inputShape[2]} × ${inputShape[1]}, ${inputShape[0] === 1 ? "grey" : "colour"}`],
    ["Classes", String(classes)],
    ["Weights", large(weights)],
    ["Bits per weight, on average", weightBits.toFixed(2)],
    ["Multiply-adds per image", large(multiplyAdds)],
    ["File", byteSize(model.bytes)],
    ["Memory at most", byteSize(peakBytes)],
    ...Object.entries(provenance.accuracy ?? {}).map(([set, top1]) => [`Accuracy, ${set}`, percent(top1, 2)] as const),
    ...(provenance.method === undefined ? [] : [["Quantized by", provenance.method] as const]),
    ...(provenance.source === undefined ? [] : [["Made from", provenance.source.replace(/^.*\//, "")] as const]),
  ];
  const row = rows[selected.value];
  return (
    <>
      <section class="panel" aria-label="The file">
        <dl class="facts">
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </section>
      {row?.weights === undefined ? null : (
        <section class="panel" aria-labelledby="layer">
          <div class="panel-head">
            <h2 id="layer">{row.name}</h2>
            <span class="muted">{`${row.type}, ${row.weights.shape.join(" × ")}, ${row.weightBits} bits`}</span>
          </div>
          <LayerDetail key={row.index} row={row} />
        </section>
      )}
      <section class="panel" aria-labelledby="operators">
        <div class="panel-head">
          <h2 id="operators">{rows.length} operators</h2>
          <button class="button" type="button" disabled={timing.value} onClick={() => void time()}>
            {timing.value ? "Timing …" : "Time each on this device"}
          </button>
        </div>
        {failure.value === undefined ? null : <Notice kind="wrong">{failure.value}</Notice>}
        <OperatorTable rows={rows} times={times.value} selected={selected} />
      </section>
    </>
  );
}
