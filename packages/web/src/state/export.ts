/** @file Answers as a table for other programs. */

import { type CatalogModel, widthName } from "../catalog/types.js";
import { chosen, reference } from "./catalog.js";
import { agrees, answerOf, pictures } from "./images.js";

const columns = ["picture", "model", "bits", "label", "probability", "milliseconds", "agreement"] as const;

/** A field as RFC 4180 has it. */
const field = (value: string | number): string => {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** Comma-separated values, a line for each answer of the models on show. */
export function answersAsCsv(): string {
  const lines = pictures.value.flatMap((picture) =>
    chosen.value.flatMap((model) => {
      const state = answerOf(picture, model);
      if (typeof state !== "object" || !("answer" in state)) return [];
      const { top, computeMs } = state.answer;
      const { label, index, probability } = top[0]!;
      const values = [
        label ?? index,
        probability.toFixed(6),
        computeMs.toFixed(3),
        agreement(agrees(picture, model), model),
      ];
      return [[picture.name, model.id, widthName(model.bits), ...values]];
    }),
  );
  return [columns, ...lines].map((line) => `${line.map(field).join(",")}\r\n`).join("");
}

const agreement = (same: boolean | undefined, model: CatalogModel): string =>
  model === reference.value ? "reference" : same === undefined ? "" : same ? "same" : "differs";

/** Hands the visitor a file. */
export function download(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
