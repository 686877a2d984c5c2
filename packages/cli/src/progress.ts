/**
 * @file Prints a task's events on stderr: on a terminal, a progress bar below the finished steps; elsewhere, a line every few
 * seconds.
 */

import type { NoteEvent, PhaseEvent, ProgressEvent, TaskEvent, WarningEvent } from "@subbyte/toolkit/tasks";
import { createLogUpdate } from "log-update";
import pc from "picocolors";
import { withoutControls } from "./controls.js";
import { withFlags } from "./flags.js";
import { byteSize, duration, percent } from "./output.js";
import { wrapped } from "./wrap.js";

export interface EventPrinter {
  readonly emit: (event: TaskEvent) => void;
  /** Ends the display of progress; later output appears below it. */
  readonly stop: () => void;
}

/** @param quiet whether to print only warnings */
export function eventPrinter(stream: NodeJS.WriteStream, quiet: boolean, colors: boolean): EventPrinter {
  if (quiet) return new QuietPrinter(stream);
  return stream.isTTY ? new TerminalPrinter(stream, colors) : new LinePrinter(stream);
}

/** Prints warnings only. */
class QuietPrinter implements EventPrinter {
  constructor(readonly stream: NodeJS.WriteStream) {}

  readonly emit = (event: TaskEvent): void => {
    if (event.type === "warning") this.stream.write(`${remarkText(event, pc.createColors(false))}\n`);
  };

  readonly stop = (): void => {};
}

/** Milliseconds between two drawings of the bar. */
const FRAME_MS = 100;
/** Steps that take fewer milliseconds are not mentioned. */
const MENTIONED_MS = 1000;
const BAR = 24;

/** Draws a bar for the current step; finished steps stay above it with their times. */
class TerminalPrinter implements EventPrinter {
  readonly #update: ReturnType<typeof createLogUpdate>;
  readonly #colors: ReturnType<typeof pc.createColors>;
  #phase: PhaseEvent | undefined;
  #progress: ProgressEvent | undefined;
  #begun = 0;
  #drawn = 0;

  constructor(
    readonly stream: NodeJS.WriteStream,
    colors: boolean,
  ) {
    this.#update = createLogUpdate(stream);
    this.#colors = pc.createColors(colors);
  }

  readonly emit = (event: TaskEvent): void => {
    switch (event.type) {
      case "phase":
        this.#finishPhase();
        this.#phase = event;
        this.#begun = performance.now();
        return;
      case "progress":
        this.#progress = event;
        if (performance.now() - this.#drawn >= FRAME_MS) this.#draw(event);
        return;
      case "note":
      case "warning":
        this.#above(wrapped(remarkText(event, this.#colors), this.stream.columns, "  "));
        return;
      default:
        event satisfies never;
    }
  };

  readonly stop = (): void => {
    this.#finishPhase();
    this.#update.clear();
    this.#update.done();
  };

  #draw(event: ProgressEvent): void {
    this.#drawn = performance.now();
    const share = event.total === undefined || event.total === 0 ? undefined : event.done / event.total;
    const filled = Math.round(BAR * Math.min(1, share ?? 0));
    const bar = share === undefined ? "" : `${"█".repeat(filled)}${"░".repeat(BAR - filled)} `;
    const [label, ...parts] = progressParts(event);
    const text = `${bar}${label} · ${parts.join(" · ")}`.replace(/ · $/, "");
    this.#update(cut(text, this.stream.columns));
  }

  #finishPhase(): void {
    const progress = this.#progress;
    const phase = this.#phase;
    this.#progress = undefined;
    this.#phase = undefined;
    const milliseconds = performance.now() - this.#begun;
    if (phase === undefined || milliseconds < MENTIONED_MS) return;
    const { green } = this.#colors;
    const figures = progress?.figures === undefined ? [] : figureParts(progress.figures);
    const line = [`${green("✔")} ${labelOf(phase)}`, ...figures, duration(milliseconds / 1000)].join(" · ");
    this.#above(wrapped(line, this.stream.columns, "  "));
  }

  /** Prints a line above the bar. */
  #above(text: string): void {
    this.#update.clear();
    this.stream.write(`${text}\n`);
    if (this.#progress) this.#draw(this.#progress);
  }
}

/** Seconds between two lines if stderr is not a terminal. */
const LINE_SECONDS = 5;

class LinePrinter implements EventPrinter {
  #last = performance.now();

  constructor(readonly stream: NodeJS.WriteStream) {}

  readonly emit = (event: TaskEvent): void => {
    if (event.type === "note" || event.type === "warning")
      this.stream.write(`${remarkText(event, pc.createColors(false))}\n`);
    if (event.type !== "progress" || performance.now() - this.#last < 1000 * LINE_SECONDS) return;
    this.#last = performance.now();
    this.stream.write(`${progressParts(event).join(" · ")}\n`);
  };

  readonly stop = (): void => {};
}

const remarkText = ({ type, text }: NoteEvent | WarningEvent, { yellow, dim }: ReturnType<typeof pc.createColors>) =>
  `${type === "warning" ? yellow("warning:") : dim("note:")} ${withFlags(withoutControls(text))}`;

/** The label of a phase: its detail, if there is one, because `epoch 3/30` says more than `training`. */
const labelOf = ({ phase, detail }: Pick<PhaseEvent, "phase" | "detail">): string =>
  withoutControls(detail === undefined ? phase : phase === "training" ? detail : `${phase} ${detail}`);

function progressParts(event: ProgressEvent): readonly string[] {
  const { done, total, unit, secondsLeft, figures = {} } = event;
  const share = total !== undefined && total > 0 ? `${Math.floor((100 * done) / total)} %` : undefined;
  const amount = unit === "bytes" ? byteSize(done) : share === undefined ? String(done) : undefined;
  return [
    [labelOf(event), share].filter((part) => part !== undefined).join(" "),
    ...(amount === undefined ? [] : [amount]),
    ...figureParts(figures),
    ...(secondsLeft === undefined ? [] : [`${duration(secondsLeft)} left`]),
  ];
}

const figureParts = ({ loss, accuracy, imagesPerSecond }: NonNullable<ProgressEvent["figures"]>): readonly string[] => [
  ...(loss === undefined ? [] : [`loss ${loss.toPrecision(3)}`]),
  ...(accuracy === undefined ? [] : [`accuracy ${percent(accuracy)}`]),
  ...(imagesPerSecond === undefined ? [] : [`${imagesPerSecond.toFixed(0)} images/s`]),
];

/** Cuts a text to the width of the terminal. */
const cut = (text: string, columns: number): string =>
  text.length < columns ? text : `${text.slice(0, columns - 2)}…`;
