/** @file Answers as a table for other programs. */

import { bitWidthName, type CatalogModel } from "../catalog/types.js";
import type { Answer } from "../runtime/runner.js";
import { chosen, reference } from "./catalog.js";
import { agrees, answerOf, pictures } from "./images.js";
import { place } from "./place.js";

const columns = ["picture", "model", "bits", "label", "probability", "milliseconds", "agreement"] as const;

/** A field as RFC 4180 has it. */
const field = (value: string | number): string => {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

interface AnswerRow {
  readonly picture: string;
  readonly model: CatalogModel;
  readonly answer: Answer;
  /** "reference", "same", "differs", or empty if the reference has not answered. */
  readonly agreement: string;
}

/** One row per answer of the models on show. */
const rows = (): readonly AnswerRow[] =>
  pictures.value.flatMap((picture) =>
    chosen.value.flatMap((model) => {
      const state = answerOf(picture, model);
      if (typeof state !== "object" || !("answer" in state)) return [];
      const { answer } = state;
      return [{ picture: picture.name, model, answer, agreement: agreement(agrees(picture, model), model) }];
    }),
  );

/** The likeliest class of every answer, as comma-separated values. */
export function answersAsCsv(): string {
  const lines = rows().map(({ picture, model, answer: { top, computeMs }, agreement }) => {
    const { label, index, probability } = top[0]!;
    const values = [label ?? index, probability.toFixed(6), computeMs.toFixed(3), agreement];
    return [picture, model.id, bitWidthName(model.bits), ...values];
  });
  return [columns, ...lines].map((line) => `${line.map(field).join(",")}\r\n`).join("");
}

/** All answers as JSON, with all logits. */
export const answersAsJson = (): string =>
  JSON.stringify(
    rows().map(({ picture, model, answer: { top, logits, computeMs, roundTripMs }, agreement }) => ({
      picture,
      model: model.id,
      bits: model.bits,
      sha256: model.sha256,
      ranOn: place.value,
      top,
      logits: Array.from(logits),
      milliseconds: computeMs,
      ...(roundTripMs === undefined ? {} : { roundTripMilliseconds: roundTripMs }),
      agreement,
    })),
    undefined,
    1,
  );

const agreement = (same: boolean | undefined, model: CatalogModel): string =>
  model === reference.value ? "reference" : same === undefined ? "" : same ? "same" : "differs";

/** Lets the visitor save a text as a file. */
export function download(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
