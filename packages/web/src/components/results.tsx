/** @file One row per picture, one column per bit width. */

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { type CatalogModel, modelName } from "../catalog/types.js";
import { byteSize, duration, shortLabel } from "../format.js";
import { chosen, family, reference, siblingsOf } from "../state/catalog.js";
import {
  agreementOf,
  agrees,
  answerOf,
  logitDifference,
  type Picture,
  removePicture,
  retry,
  shownPictures,
} from "../state/images.js";
import { Confidence } from "./confidence.js";
import { BitGlyph, Icon } from "./icons.js";
import { Seen } from "./seen.js";

export function Results({ showSeen }: { readonly showSeen: boolean }): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="scroll" tabIndex={0} aria-label="Answers by picture and bit width">
      <table class="results" style={{ "--columns": chosen.value.length }}>
        <caption class="visually-hidden">Answers by picture and bit width</caption>
        <thead>
          <tr>
            <th class="picture" scope="col">
              Picture
            </th>
            {chosen.value.map((model) => (
              <ColumnHead key={model.id} model={model} />
            ))}
          </tr>
        </thead>
        <tbody>
          {shownPictures.value.map((picture) => (
            <PictureRow key={picture.id} picture={picture} showSeen={showSeen} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function ColumnHead({ model }: { readonly model: CatalogModel }): JSX.Element {
  const { same, of } = agreementOf(model);
  const isReference = model === reference.value;
  return (
    <th scope="col">
      <span class="column-head">
        <BitGlyph bits={model.bits} />
        {modelName(model, siblingsOf(model))}
        <span class="small muted">
          {byteSize(model.bytes)}
          {isReference ? " · reference" : of === 0 ? "" : ` · agrees on ${same} of ${of}`}
        </span>
      </span>
    </th>
  );
}

function PictureRow({ picture, showSeen }: { readonly picture: Picture; readonly showSeen: boolean }): JSX.Element {
  const open = useSignal(false);
  const prepared = family.value === undefined ? undefined : picture.seen.value.get(family.value.id);
  return (
    <tr>
      <th class="picture" scope="row">
        <div class="picture-head">
          {showSeen && prepared !== undefined ? (
            <Seen prepared={prepared} label={`What the network saw of ${picture.name}`} />
          ) : (
            <img class="thumb" src={picture.url} alt={picture.name} title={picture.credit} />
          )}
          <div>
            <div class="picture-name">{picture.name}</div>
            <div class="row" style={{ gap: 0 }}>
              <button
                class="button quiet small"
                type="button"
                aria-expanded={open.value}
                onClick={() => {
                  open.value = !open.value;
                }}
              >
                Details<span class="visually-hidden"> of {picture.name}</span>
              </button>
              <button class="button quiet small" type="button" onClick={() => removePicture(picture)}>
                Remove<span class="visually-hidden"> {picture.name}</span>
              </button>
            </div>
            {open.value && prepared !== undefined ? (
              <p class="small muted">{`Decoded in ${duration(prepared.decodeMs)}, cropped in ${duration(prepared.resizeMs)}.`}</p>
            ) : null}
          </div>
        </div>
      </th>
      {chosen.value.map((model) => (
        <td key={model.id}>
          <span class="cell-width" aria-hidden="true">
            <BitGlyph bits={model.bits} />
            {modelName(model, siblingsOf(model))}
          </span>
          <AnswerCell picture={picture} model={model} details={open.value} />
        </td>
      ))}
    </tr>
  );
}

interface AnswerCellProps {
  readonly picture: Picture;
  readonly model: CatalogModel;
  /** Whether to show five classes instead of one, and the largest difference from the reference's logits. */
  readonly details: boolean;
}

function AnswerCell({ picture, model, details }: AnswerCellProps): JSX.Element {
  const state = answerOf(picture, model);
  if (state === undefined || state === "running")
    return (
      <div class={state === "running" ? "waiting running" : "waiting"}>
        <span class="visually-hidden">{state === "running" ? "running" : "waiting"}</span>
      </div>
    );
  if ("error" in state)
    return (
      <div class="stack small">
        <span class="badge wrong">
          <Icon name="warning" />
          no answer
        </span>
        <span>{state.error}</span>
        <button class="button quiet" type="button" onClick={retry}>
          Try again
        </button>
      </div>
    );
  const { answer } = state;
  const best = answer.top[0]!;
  const difference = details ? logitDifference(picture, model) : undefined;
  return (
    <div class="answer">
      <span class="answer-top" title={best.label}>
        {shortLabel(best.label ?? `class ${best.index}`)}
      </span>
      <Confidence predictions={answer.top.slice(0, details ? 5 : 1)} />
      <span class="answer-foot">
        <Agreement picture={picture} model={model} />
        <span class="small muted number" title="From the cropped picture to the answer">
          {duration(answer.computeMs)}
          {answer.roundTripMs === undefined ? "" : ` of ${duration(answer.roundTripMs)}`}
        </span>
      </span>
      {details && difference !== undefined ? (
        <span class="small muted">{`Logits differ by ${difference.toFixed(2)} at most.`}</span>
      ) : null}
    </div>
  );
}

function Agreement({
  picture,
  model,
}: {
  readonly picture: Picture;
  readonly model: CatalogModel;
}): JSX.Element | null {
  if (model === reference.value) return <span class="badge">reference</span>;
  const same = agrees(picture, model);
  if (same === undefined) return null;
  return (
    <span class={same ? "badge same" : "badge differs"}>
      <Icon name={same ? "check" : "differs"} />
      {same ? "same" : "differs"}
    </span>
  );
}
