/** @file Accuracy, size and time per bit width, times measured on this device. */

import type { JSX } from "preact";
import { modelName } from "../catalog/types.js";
import { Chooser } from "../components/chooser.js";
import { ComparisonTable } from "../components/comparison-table.js";
import { Notice } from "../components/notice.js";
import { Scatter } from "../components/scatter.js";
import { byteSize, duration } from "../format.js";
import { family } from "../state/catalog.js";
import {
  contestants,
  isChosenPeer,
  measurementOf,
  measuring,
  measuringFailure,
  peersOnOffer,
  runs,
  runsOnOffer,
  startMeasuring,
  stopMeasuring,
  togglePeer,
} from "../state/measurements.js";
import { place } from "../state/place.js";

export function CompareView(): JSX.Element {
  const current = family.value;
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
          <MeasureControls />
        </div>
        <p role="status" class="small muted status">
          {measuring.value?.step ?? ""}
        </p>
        {measuring.value === undefined ? null : (
          <progress aria-label="Measuring" value={measuring.value.done} max={measuring.value.of} />
        )}
        {measuringFailure.value === undefined ? null : <Notice kind="wrong">{measuringFailure.value}</Notice>}
        <ComparisonTable />
        <p class="small muted note">
          Memory: the most that the network takes while it runs. Download: the file over your network, without any
          cache. Cold: from the file to a model that has answered once. Median and 95th percentile (p95) of {runs.value}{" "}
          answers, in turns, from the cropped picture to the answer. Float runs on onnxruntime-web.
        </p>
      </section>
      <Charts />
      {current?.about === undefined ? null : <p class="small muted">{current.about}</p>}
    </div>
  );
}

function MeasureControls(): JSX.Element {
  const isMeasuring = measuring.value !== undefined;
  return (
    <div class="row">
      {peersOnOffer.value.map((peer) => (
        <label class="check" key={peer.id}>
          <input
            type="checkbox"
            checked={isChosenPeer(peer)}
            disabled={isMeasuring}
            onChange={() => togglePeer(peer)}
          />
          {`compare with LiteRT.js (${peer.bits} bits; 9 MB to download)`}
        </label>
      ))}
      <label class="check">
        Answers
        <select
          value={runs.value}
          disabled={isMeasuring}
          onChange={({ currentTarget }) => {
            runs.value = Number(currentTarget.value);
          }}
        >
          {runsOnOffer.map((each) => (
            <option key={each} value={each} selected={each === runs.value}>
              {each}
            </option>
          ))}
        </select>
      </label>
      {isMeasuring ? (
        <button class="button" type="button" onClick={stopMeasuring}>
          Stop
        </button>
      ) : (
        <button class="button primary" type="button" onClick={() => void startMeasuring()}>
          {place.value === "browser" ? "Measure on this device" : "Measure on the server"}
        </button>
      )}
    </div>
  );
}

function Charts(): JSX.Element | null {
  const current = family.value;
  if (current === undefined) return null;
  const known = current.models.flatMap((model) =>
    model.accuracy === undefined ? [] : [{ ...model, accuracy: model.accuracy }],
  );
  const point = ({ bits, accuracy }: (typeof known)[number], name: string, x: number) => ({
    name,
    x,
    accuracy,
    isFloat: bits === 32,
  });
  const bySize = known.map((model) => point(model, modelName(model, current.models), model.bytes));
  const byTime = known.flatMap((model) => {
    const result = contestants.value.some(({ id }) => id === model.id) ? measurementOf(model) : undefined;
    return result === undefined ? [] : [point(model, modelName(model, current.models), result.medianMs)];
  });
  const testSet = current.testSet ?? "its test images";
  return (
    <>
      {bySize.length > 1 ? (
        <section class="panel" aria-labelledby="accuracy-size">
          <div class="panel-head">
            <h2 id="accuracy-size">Accuracy and size</h2>
          </div>
          <Scatter points={bySize} joined axis="file size" format={byteSize} testSet={testSet} />
        </section>
      ) : null}
      {byTime.length > 1 ? (
        <section class="panel" aria-labelledby="accuracy-time">
          <div class="panel-head">
            <h2 id="accuracy-time">Accuracy and time</h2>
          </div>
          <Scatter points={byTime} axis="median time of an answer" format={duration} testSet={testSet} />
        </section>
      ) : null}
    </>
  );
}
