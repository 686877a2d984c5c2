/** @file Accuracy, size and time per bit width, times measured on this device. */

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { type CatalogModel, modelName } from "../catalog/types.js";
import { Chooser } from "../components/chooser.js";
import { BitGlyph } from "../components/icons.js";
import { Notice } from "../components/notice.js";
import { Scatter } from "../components/scatter.js";
import { byteSize, duration, percent } from "../format.js";
import { type Measurement, measure } from "../runtime/measure.js";
import { chosen, family } from "../state/catalog.js";
import { place } from "../state/place.js";

type Measuring = { readonly step: string; readonly done: number; readonly of: number };

// Measurements outlive the view: going elsewhere and back does not lose them.
const measured = signal<ReadonlyMap<string, Measurement>>(new Map());
const measuring = signal<Measuring | undefined>(undefined);
const failure = signal<string | undefined>(undefined);
let controller = new AbortController();

/** Timed runs of each model. */
const runs = 40;

const keyOf = (model: CatalogModel): string => `${place.value}/${model.familyId}/${model.id}`;

async function start(): Promise<void> {
  controller = new AbortController();
  failure.value = undefined;
  measuring.value = { step: "starting", done: 0, of: 1 };
  const models = chosen.value;
  try {
    const found = await measure(models, {
      where: place.value,
      runs,
      signal: controller.signal,
      onStep: (step, done, of) => {
        measuring.value = { step, done, of };
      },
    });
    const next = new Map(measured.value);
    for (const model of models) next.set(keyOf(model), found.get(model.id)!);
    measured.value = next;
  } catch (error) {
    if (!controller.signal.aborted) failure.value = error instanceof Error ? error.message : String(error);
  }
  measuring.value = undefined;
}

export function CompareView(): JSX.Element {
  const current = family.value;
  const points = (current?.models ?? []).flatMap(({ accuracy, bytes, bits }, i, models) =>
    accuracy === undefined ? [] : [{ name: modelName(models[i]!, models), bytes, accuracy, isFloat: bits === 32 }],
  );
  return (
    <div class="view">
      <div class="intro">
        <h1>What fewer bits cost, and save</h1>
        <p>Accuracy is measured on the integer arithmetic that runs here; times are those of this device.</p>
      </div>
      <Chooser name="compare" />
      <section class="panel" aria-labelledby="measured">
        <div class="panel-head">
          <h2 id="measured">Side by side</h2>
          {measuring.value === undefined ? (
            <button class="button primary" type="button" onClick={() => void start()}>
              {place.value === "browser" ? "Measure on this device" : "Measure on the server"}
            </button>
          ) : (
            <button class="button" type="button" onClick={() => controller.abort()}>
              Stop
            </button>
          )}
        </div>
        <p role="status" class="small muted status">
          {measuring.value?.step ?? ""}
        </p>
        {measuring.value === undefined ? null : (
          <progress aria-label="Measuring" value={measuring.value.done} max={measuring.value.of} />
        )}
        {failure.value === undefined ? null : <Notice kind="wrong">{failure.value}</Notice>}
        <ComparisonTable />
        <p class="small muted note">
          Download: the file over your network, without any cache. Cold: from the file to a model that has answered
          once. Median and 95th percentile of {runs} answers, in turns, from the cropped picture to the answer. Choose
          float to put onnxruntime-web beside the integer engine.
        </p>
      </section>
      {points.length > 1 ? (
        <section class="panel" aria-labelledby="accuracy-size">
          <div class="panel-head">
            <h2 id="accuracy-size">Accuracy and size</h2>
          </div>
          <Scatter points={points} testSet={current!.testSet ?? "its test images"} />
        </section>
      ) : null}
      {current?.about === undefined ? null : <p class="small muted">{current.about}</p>}
    </div>
  );
}

function ComparisonTable(): JSX.Element {
  const models = chosen.value;
  const found = models.map((model) => measured.value.get(keyOf(model)));
  const widest = Math.max(...models.map(({ bytes }) => bytes));
  const slowest = Math.max(...found.map((each) => each?.medianMs ?? 0));
  const [first] = models;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="scroll" tabIndex={0} aria-label="Accuracy, size and times by bit width">
      <table class="comparison">
        <caption class="visually-hidden">Accuracy, size and times by bit width</caption>
        <thead>
          <tr>
            <th scope="col">Bit width</th>
            {["Accuracy", "File", "Download", "Cold", "Median", "95 %"].map((title) => (
              <th scope="col" class="number" key={title}>
                {title}
              </th>
            ))}
            <th scope="col">Runs on</th>
          </tr>
        </thead>
        <tbody>
          {models.map((model, i) => {
            const result = found[i];
            return (
              <tr key={model.id}>
                <th scope="row">
                  <span class="row nowrap">
                    <BitGlyph bits={model.bits} />
                    {modelName(model, family.value!.models)}
                  </span>
                </th>
                <td class="number">{model.accuracy === undefined ? "–" : percent(model.accuracy, 2)}</td>
                <td class="number">
                  <Measure
                    value={byteSize(model.bytes)}
                    share={model.bytes / widest}
                    ratio={first!.bytes / model.bytes}
                    words={["smaller", "larger"]}
                  />
                </td>
                <td class="number">{result?.downloadMs === undefined ? "–" : duration(result.downloadMs)}</td>
                <td class="number">{result?.coldMs === undefined ? "–" : duration(result.coldMs)}</td>
                <td class="number">
                  {result === undefined ? (
                    "–"
                  ) : (
                    <Measure
                      value={duration(result.medianMs)}
                      share={result.medianMs / slowest}
                      ratio={found[0] === undefined ? 1 : found[0].medianMs / result.medianMs}
                      words={["faster", "slower"]}
                    />
                  )}
                </td>
                <td class="number">{result === undefined ? "–" : duration(result.p95Ms)}</td>
                <td class="small muted">{result?.how ?? "not measured yet"}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

interface MeasureProps {
  readonly value: string;
  /** Of the largest in the column. */
  readonly share: number;
  /** How many times less than the reference. */
  readonly ratio: number;
  /** For a ratio above 1, and below. */
  readonly words: readonly [string, string];
}

/** A number, its bar, and what it is to that of the reference. */
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
