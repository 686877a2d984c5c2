/** @file A canvas for drawing a digit, which every bit width classifies meanwhile. */

import { useComputed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { modelName } from "../catalog/types.js";
import { Chooser } from "../components/chooser.js";
import { DrawingPad, type PadHandle } from "../components/drawing-pad.js";
import { BitGlyph, Icon } from "../components/icons.js";
import { Notice } from "../components/notice.js";
import { Seen } from "../components/seen.js";
import { duration, percent } from "../format.js";
import { centredDigit } from "../runtime/digit.js";
import type { Answer } from "../runtime/runner.js";
import { chosen, siblingsOf } from "../state/catalog.js";
import { place } from "../state/place.js";
import { runnerOf } from "../state/runners.js";
import { useFamilyOf } from "../state/use-family.js";
import type { Prepared } from "../workers/prepare.js";

export function DrawView(): JSX.Element {
  const state = useFamilyOf("digits");
  return (
    <div class="view">
      <div class="intro">
        <h1>Draw a digit</h1>
        <p>Each bit width answers while you draw.</p>
      </div>
      {state === "none" ? (
        <Notice>There is no network for digits among these models. The quickstart command trains one.</Notice>
      ) : state === "shown" ? (
        <>
          <Chooser name="draw" kind="digits" />
          <Drawing />
        </>
      ) : null}
    </div>
  );
}

function Drawing(): JSX.Element {
  const seen = useSignal<Prepared | undefined>(undefined);
  const answers = useSignal<ReadonlyMap<string, Answer | Error>>(new Map());
  const pad = useRef<PadHandle>(null);
  const models = chosen.value;
  const run = useRef({ busy: false, again: false });

  /** Classifies the drawing as it is now, and once more if strokes came meanwhile. */
  const answer = async () => {
    if (run.current.busy) {
      run.current.again = true;
      return;
    }
    run.current.busy = true;
    do {
      run.current.again = false;
      const prepared = seen.value;
      if (prepared === undefined) break;
      for (const model of chosen.value) {
        const outcome = await runnerOf(model)
          .then((runner) => runner.classify({ prepared }))
          .catch((error: Error) => error);
        answers.value = new Map(answers.value).set(model.id, outcome);
      }
    } while (run.current.again);
    run.current.busy = false;
  };

  const drawn = (canvas: HTMLCanvasElement) => {
    seen.value = centredDigit(canvas);
    if (seen.value === undefined) answers.value = new Map();
    else void answer();
  };

  const ids = models.map(({ id }) => id).join();
  // If other models or another place are chosen, they classify the present drawing.
  useEffect(() => {
    answers.value = new Map();
    if (seen.value === undefined) for (const model of chosen.value) void runnerOf(model).catch(() => {});
    else void answer();
  }, [ids, place.value]);

  const spoken = useComputed(() =>
    models
      .map((model) => {
        const outcome = answers.value.get(model.id);
        return outcome === undefined || outcome instanceof Error
          ? ""
          : `${modelName(model, siblingsOf(model))}: ${outcome.top[0]!.label}`;
      })
      .filter(Boolean)
      .join(", "),
  );

  return (
    <div class="drawing">
      <section class="panel stack" aria-label="Drawing">
        <DrawingPad ref={pad} onDraw={drawn} />
        <div class="row">
          <button class="button" type="button" onClick={() => pad.current?.clear()}>
            Clear
          </button>
          {seen.value === undefined ? (
            <span class="small muted">Draw with mouse, pen or finger; or with arrow keys, space lifts the pen.</span>
          ) : (
            <span class="row small muted">
              <span class="seen-small">
                <Seen prepared={seen.value} label="What the network sees: your digit at 28 by 28 pixels" />
              </span>
              what the network sees
            </span>
          )}
        </div>
      </section>
      <section class="digit-answers" aria-label="Answers">
        <p class="visually-hidden" role="status">
          {spoken}
        </p>
        {models.map((model, i) => (
          <DigitAnswer
            key={model.id}
            name={modelName(model, siblingsOf(model))}
            bits={model.bits}
            outcome={answers.value.get(model.id)}
            reference={i === 0 ? undefined : answers.value.get(models[0]!.id)}
          />
        ))}
      </section>
    </div>
  );
}

interface DigitAnswerProps {
  readonly name: string;
  readonly bits: number;
  readonly outcome: Answer | Error | undefined;
  readonly reference: Answer | Error | undefined;
}

function DigitAnswer({ name, bits, outcome, reference }: DigitAnswerProps): JSX.Element {
  const answer = outcome instanceof Error ? undefined : outcome;
  const best = answer?.top[0];
  const wanted = reference instanceof Error ? undefined : reference?.top[0];
  const same = best === undefined || wanted === undefined ? undefined : best.index === wanted.index;
  return (
    <article class="panel digit-answer" data-model={name}>
      <h2 class="row">
        <BitGlyph bits={bits} />
        <span>{name}</span>
        {same === undefined ? null : (
          <span class={same ? "badge same" : "badge differs"}>
            <Icon name={same ? "check" : "differs"} />
            {same ? "same" : "differs"}
          </span>
        )}
      </h2>
      {outcome instanceof Error ? <Notice kind="wrong">{outcome.message}</Notice> : null}
      <p class="digit" data-testid="digit">
        {best?.label ?? "–"}
      </p>
      <ul class="digit-bars" aria-hidden="true">
        {Array.from({ length: 10 }, (_, digit) => {
          const share = answer?.top.find(({ label }) => label === String(digit))?.probability ?? 0;
          return (
            <li key={digit} title={`${digit}: ${percent(share)}`}>
              <span class="column">
                <span style={{ height: `${100 * share}%` }} />
              </span>
              {digit}
            </li>
          );
        })}
      </ul>
      <p class="row small muted">
        {answer === undefined ? "waiting for a digit" : `${percent(best!.probability)} · ${duration(answer.computeMs)}`}
      </p>
    </article>
  );
}
