/** @file Pictures, and what each chosen model says of each. */

import { computed, type Signal, signal } from "@preact/signals";
import type { CatalogModel } from "../catalog/types.js";
import type { Answer } from "../runtime/runner.js";
import type { Prepared } from "../workers/prepare.js";
import { chosen, reference } from "./catalog.js";
import { type Place, place } from "./place.js";
import { entryKey } from "./runners.js";

export type AnswerState = { readonly answer: Answer } | { readonly error: string } | "running";

export interface Picture {
  readonly id: number;
  readonly name: string;
  readonly file: Blob;
  /** Object URL of the file. */
  readonly url: string;
  readonly credit?: string;
  /** Answers by place and model. */
  readonly answers: Signal<ReadonlyMap<string, AnswerState>>;
  /** The input that is made from the picture, per family of networks. */
  readonly seen: Signal<ReadonlyMap<string, Prepared>>;
}

export const pictures = signal<readonly Picture[]>([]);
export const onlyDisagreements = signal(false);
/** A message for the visitor about a picture that was refused. */
export const refusal = signal<string | undefined>(undefined);

/** Largest number of pictures. Each keeps its file in memory. */
const mostPictures = 200;
const mostBytes = 50e6;

let nextId = 1;

export function addFiles(files: Iterable<Blob>, credit?: string): void {
  const refused: string[] = [];
  const added: Picture[] = [];
  for (const file of files) {
    const name = file instanceof File && file.name !== "" ? file.name : "pasted picture";
    if (!file.type.startsWith("image/")) refused.push(`${name} is not an image`);
    else if (file.size > mostBytes) refused.push(`${name} is larger than 50 MB`);
    else if (pictures.value.length + added.length >= mostPictures)
      refused.push(`${name} would be picture ${mostPictures + 1}; clear some first`);
    else
      added.push({
        id: nextId++,
        name,
        file,
        url: URL.createObjectURL(file),
        ...(credit === undefined ? {} : { credit }),
        answers: signal(new Map()),
        seen: signal(new Map()),
      });
  }
  const more = refused.length > 3 ? `; and ${refused.length - 3} more` : "";
  const formats = refused.some((each) => each.endsWith("not an image"))
    ? ". Choose files such as JPEG, PNG or WebP"
    : "";
  refusal.value = refused.length === 0 ? undefined : `${refused.slice(0, 3).join("; ")}${more}${formats}`;
  if (added.length > 0) pictures.value = [...added, ...pictures.value];
}

export function removePicture(picture: Picture): void {
  URL.revokeObjectURL(picture.url);
  pictures.value = pictures.value.filter((each) => each !== picture);
}

export function clearPictures(): void {
  for (const { url } of pictures.value) URL.revokeObjectURL(url);
  pictures.value = [];
}

export const answerOf = (picture: Picture, model: CatalogModel, where: Place = place.value): AnswerState | undefined =>
  picture.answers.value.get(entryKey(model, where));

const answered = (picture: Picture, model: CatalogModel): Answer | undefined => {
  const state = answerOf(picture, model);
  return typeof state === "object" && "answer" in state ? state.answer : undefined;
};

/** Whether a model names the same class as the reference; `undefined` if either has not answered. */
export function agrees(picture: Picture, model: CatalogModel): boolean | undefined {
  if (reference.value === undefined) return undefined;
  const wanted = answered(picture, reference.value)?.top[0]?.index;
  const found = answered(picture, model)?.top[0]?.index;
  return wanted === undefined || found === undefined ? undefined : wanted === found;
}

const disagreeing = (picture: Picture): boolean => chosen.value.some((model) => agrees(picture, model) === false);

export const disagreements = computed(() => pictures.value.filter(disagreeing).length);
export const shownPictures = computed(() =>
  onlyDisagreements.value ? pictures.value.filter(disagreeing) : pictures.value,
);

/** Agreement of a model with the reference over all answered pictures. */
export function agreementOf(model: CatalogModel): { readonly same: number; readonly of: number } {
  const found = pictures.value.map((picture) => agrees(picture, model)).filter((same) => same !== undefined);
  return { same: found.filter(Boolean).length, of: found.length };
}

/**
 * Largest difference of a model's logits to those of the reference; `undefined` if either has not answered, or if the
 * model is the reference.
 */
export function logitDifference(picture: Picture, model: CatalogModel): number | undefined {
  const wanted = reference.value && answered(picture, reference.value)?.logits;
  const found = answered(picture, model)?.logits;
  if (wanted === undefined || found === undefined || model === reference.value) return undefined;
  return wanted.reduce((most, logit, index) => Math.max(most, Math.abs(logit - found[index]!)), 0);
}

/** Forgets failures of the models on show, which are then tried again. */
export function retry(): void {
  for (const picture of pictures.value)
    picture.answers.value = new Map(
      [...picture.answers.value].filter(([, state]) => state === "running" || "answer" in state),
    );
}
