/**
 * @file Classifies the pictures: one at a time, so that they do not disturb each other's times, or many together if many
 * wait.
 */

import { effect } from "@preact/signals";
import type { CatalogModel } from "../catalog/types.js";
import { prepare } from "../runtime/prepare.js";
import type { Runner, Subject } from "../runtime/runner.js";
import { chosen } from "./catalog.js";
import { type AnswerState, answerOf, type Picture, pictures } from "./images.js";
import { type Place, place } from "./place.js";
import { entryKey, runnerOf } from "./runners.js";

/** If at least this many pictures wait, a model classifies them together. */
const crowd = 12;
/** The most pictures that are classified together, so that answers appear while others are computed. */
const mostTogether = 32;

interface Job {
  readonly picture: Picture;
  readonly model: CatalogModel;
}

/** The newest pictures come first; all bit widths of a picture come before the next picture. */
function nextJob(): Job | undefined {
  for (const picture of pictures.value)
    for (const model of chosen.value) if (answerOf(picture, model) === undefined) return { picture, model };
  return undefined;
}

let working = false;

/** From now on, classifies every picture that is shown and has no answer yet. */
export function startAnswering(): void {
  effect(() => {
    if (nextJob() !== undefined && !working) void work();
  });
}

async function work(): Promise<void> {
  working = true;
  // Signals must not change while the effect that called this runs.
  await Promise.resolve();
  for (let job = nextJob(); job !== undefined; job = nextJob()) await answer(job, place.value);
  working = false;
}

async function answer({ picture, model }: Job, where: Place): Promise<void> {
  const waiting = pictures.value.filter((each) => answerOf(each, model, where) === undefined);
  const asked = waiting.length < crowd ? [picture] : waiting.slice(0, mostTogether);
  const say = (to: Picture, state: AnswerState) => {
    to.answers.value = new Map(to.answers.value).set(entryKey(model, where), state);
  };
  const fail = (to: Picture, error: unknown) =>
    say(to, { error: error instanceof Error ? error.message : String(error) });
  for (const each of asked) say(each, "running");
  try {
    const runner = await runnerOf(model, where);
    const subjects: (readonly [Picture, Subject])[] = [];
    for (const each of asked)
      await subjectOf(each, model, runner).then(
        (subject) => subjects.push([each, subject]),
        (error) => fail(each, error),
      );
    if (subjects.length > 1 && runner.classifyTogether !== undefined) {
      const answers = await runner.classifyTogether(subjects.map(([, subject]) => subject));
      subjects.forEach(([each], i) => {
        say(each, { answer: answers[i]! });
      });
      return;
    }
    for (const [each, subject] of subjects)
      await runner.classify(subject, { repeat: asked.length === 1 }).then(
        (found) => say(each, { answer: found }),
        (error) => fail(each, error),
      );
  } catch (error) {
    for (const each of asked) if (answerOf(each, model, where) === "running") fail(each, error);
  }
}

/** Prepares the input of a picture, only once per family of networks. */
async function subjectOf(picture: Picture, { familyId }: CatalogModel, { preprocessing }: Runner): Promise<Subject> {
  const known = picture.seen.value.get(familyId);
  const prepared = known ?? (await prepare(picture.file, preprocessing));
  if (known === undefined) picture.seen.value = new Map(picture.seen.value).set(familyId, prepared);
  return { file: picture.file, prepared };
}
