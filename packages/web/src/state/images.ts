/** @file Pictures, and what each chosen model says of each. */

import { computed, effect, type Signal, signal } from "@preact/signals";
import type { CatalogModel } from "../catalog/types.js";
import { prepare } from "../runtime/prepare.js";
import type { Answer } from "../runtime/runner.js";
import type { Prepared } from "../workers/prepare.js";
import { chosen, reference } from "./catalog.js";
import { type Place, place } from "./place.js";
import { entryKey, runnerOf } from "./runners.js";

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
  /** What networks of one family are given of it, by family. */
  readonly seen: Signal<ReadonlyMap<string, Prepared>>;
}

export const pictures = signal<readonly Picture[]>([]);
export const onlyDisagreements = signal(false);
/** What was refused, for the visitor. */
export const refusal = signal<string | undefined>(undefined);

/** More would only fill memory: object URLs keep files open. */
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
  refusal.value = refused.length === 0 ? undefined : refused.slice(0, 3).join("; ");
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

/** Whether a model names the same class as the reference; `undefined` where either has not answered. */
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

/** One answer at a time, so that times do not disturb each other; newest pictures first, all widths of one before the next. */
let working = false;

function nextJob(): { readonly picture: Picture; readonly model: CatalogModel } | undefined {
  for (const picture of pictures.value)
    for (const model of chosen.value) if (answerOf(picture, model) === undefined) return { picture, model };
  return undefined;
}

/** Answers whatever is on show and has no answer yet, from now on. */
export function startAnswering(): void {
  effect(() => {
    if (nextJob() !== undefined && !working) void work();
  });
}

async function work(): Promise<void> {
  working = true;
  // Signals must not change while the effect that called this runs.
  await Promise.resolve();
  for (let job = nextJob(); job !== undefined; job = nextJob()) await answer(job.picture, job.model, place.value);
  working = false;
}

async function answer(picture: Picture, model: CatalogModel, where: Place): Promise<void> {
  const key = entryKey(model, where);
  const say = (state: AnswerState) => {
    picture.answers.value = new Map(picture.answers.value).set(key, state);
  };
  say("running");
  try {
    const runner = await runnerOf(model, where);
    const known = picture.seen.value.get(model.familyId);
    const prepared = known ?? (await prepare(picture.file, runner.preprocessing));
    if (known === undefined) picture.seen.value = new Map(picture.seen.value).set(model.familyId, prepared);
    say({ answer: await runner.classify({ file: picture.file, prepared }, { repeat: true }) });
  } catch (error) {
    say({ error: error instanceof Error ? error.message : String(error) });
  }
}

/** Forgets failures of the models on show, which are then tried again. */
export function retry(): void {
  for (const picture of pictures.value)
    picture.answers.value = new Map(
      [...picture.answers.value].filter(([, state]) => state === "running" || "answer" in state),
    );
}
