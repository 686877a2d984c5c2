/** @file Pictures classified at several bit widths side by side. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { Chooser } from "../components/chooser.js";
import { Curl } from "../components/curl.js";
import { ImageInput } from "../components/image-input.js";
import { Results } from "../components/results.js";
import { answersAsCsv, answersAsJson, download } from "../state/export.js";
import { clearPictures, disagreements, onlyDisagreements, pictures, shownPictures } from "../state/images.js";
import { place } from "../state/place.js";

export function ImagesView(): JSX.Element {
  const showSeen = useSignal(false);
  const total = pictures.value.length;
  return (
    <div class="view">
      <div class="intro">
        <h1>The same network at fewer bits</h1>
        <p>Give it pictures and see what 8, 4 and 2 bits answer, how sure they are, and how long they take.</p>
      </div>
      <Chooser name="images" />
      <ImageInput />
      {total === 0 ? null : (
        <section class="panel" aria-labelledby="answers">
          <div class="panel-head">
            <h2 id="answers">Answers</h2>
            <div class="row">
              <Toggle checked={showSeen} label="What the network saw" />
              <Toggle checked={onlyDisagreements} label={`Only disagreements (${disagreements.value})`} />
            </div>
            <div class="row actions">
              <button
                class="button quiet"
                type="button"
                onClick={() => download("answers.csv", answersAsCsv(), "text/csv")}
              >
                Save as CSV
              </button>
              <button
                class="button quiet"
                type="button"
                onClick={() => download("answers.json", answersAsJson(), "application/json")}
              >
                Save as JSON
              </button>
              <button class="button quiet" type="button" onClick={clearPictures}>
                Clear all
              </button>
            </div>
          </div>
          <p class="visually-hidden" role="status">
            {`${total} ${total === 1 ? "picture" : "pictures"}, ${disagreements.value} with disagreements`}
          </p>
          {shownPictures.value.length === 0 ? (
            <p class="muted">All bit widths name the same class for every picture.</p>
          ) : (
            <Results showSeen={showSeen.value} />
          )}
        </section>
      )}
      {place.value === "server" ? <Curl /> : null}
    </div>
  );
}

function Toggle({ checked, label }: { readonly checked: { value: boolean }; readonly label: string }): JSX.Element {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={checked.value}
        onChange={({ currentTarget }) => {
          checked.value = currentTarget.checked;
        }}
      />
      {label}
    </label>
  );
}
