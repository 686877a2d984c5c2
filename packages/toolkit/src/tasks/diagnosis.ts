/** @file Looks for wrong image options if a network classifies hardly any image correctly. */

import { type ImageSet, type UsualNormalization, usualNormalizations } from "../data/index.js";
import { defined } from "../defined.js";
import {
  isClearlyAbove,
  isClearlyBetter,
  isNearChance,
  type Reading,
  reorderedAccuracy,
  TRIAL_IMAGES,
  type Trial,
  tryReadings,
} from "../evaluation/index.js";
import { composedNormalization, type FloatModel, type OpenedModel, type QuantizedModel } from "../model-file/index.js";
import { percent } from "../percent.js";
import type { Normalization, Preparation } from "./preprocessing.js";
import type { Run } from "./run.js";

/** A network's answers. */
export interface Answers {
  /** Share of correct answers, 0…1. */
  readonly top1: number;
  readonly images: number;
  /** `confusion[label][predicted]`: number of images. */
  readonly confusion: readonly (readonly number[])[];
}

/** If accuracy with other class indices is above this, the order of classes is reported as wrong. */
const KNOWS = 0.5;
/** Number of the best readings that are named. */
const NAMED = 3;
/** Number of readings that are tried if accuracy is fine but the normalization was a guess. */
const FIRST_GUESSES = 5;

/**
 * Warns if the network is near chance, if it knows the classes in another order, or if it is better with another usual
 * normalization than with a guessed one.
 *
 * @param images with labels of the model's classes
 */
export async function warnOfWrongReading(
  model: OpenedModel,
  preparation: Preparation,
  images: ImageSet,
  answers: Answers,
  { threads }: { readonly threads?: number },
  run: Run,
): Promise<void> {
  const { top1, images: count, confusion } = answers;
  const classes = confusion.filter((row) => row.some((cell) => cell > 0)).length;
  const isPoor = classes > 1 && isNearChance(top1, count, classes);
  const reordered = reorderedAccuracy(confusion);
  const name = `${model.path} classifies ${isPoor ? "only " : ""}${tenths(top1)} of ${count} images correctly`;
  const poor = isPoor ? `${name}, hardly more than chance (${tenths(1 / classes)})` : name;
  if (reordered > KNOWS && isClearlyAbove(reordered, top1, count)) {
    run.warning(
      `${poor}, and would classify ${tenths(reordered)} correctly if its classes had another order: say with \`labelsMap\` which class is which`,
    );
    return;
  }
  if (model.kind !== "float") {
    const stated = model.kind === "quantized" ? farAbove(model, images.name, top1, count) : undefined;
    if (stated) run.warning(`${name}, far below the ${tenths(stated.top1)} that its file states for "${stated.set}"`);
    if (isPoor) run.warning(`${poor}. Check that the images are of the kind and of the classes that it was trained on`);
    return;
  }
  const { given, better, tried } = await tryOthers(model, preparation, images, isPoor, threads, run);
  if (!isPoor && better.length === 0) return;
  const found = better.slice(0, NAMED).map((trial) => `${tenths(trial.top1)} with ${described(trial, preparation)}`);
  const advice =
    found.length > 0
      ? `Of ${Math.min(count, TRIAL_IMAGES)} images it classifies ${tenths(given)} correctly, but ${found.join("; ")}: give the right normalization with ` +
        "`mean`, `std` and `channelOrder`"
      : `${tried} usual ways to normalize${images.channels === 1 ? "" : ", RGB and BGR,"} are no better: check the classes and their order (\`labelsMap\`), and that ` +
        "the images are of the kind that it was trained on";
  run.warning(`${isPoor ? poor : `the guessed normalization of ${model.path} seems wrong`}. ${advice}`);
}

/** Difference from a stated accuracy, as a share, that the choice of images hardly explains. */
const FAR = 0.1;

/** The accuracy that the file states, if it is far above that of these images. */
function farAbove({ program }: QuantizedModel, data: string, top1: number, images: number) {
  return Object.entries(program.provenance.accuracy ?? {})
    .map(([set, stated]) => ({ set, top1: stated }))
    .find(({ set, top1: stated }) => {
      const isOfSameSet = set.startsWith(`${data} `);
      return isClearlyAbove(stated, top1, images) && (isOfSameSet ? stated - top1 > FAR : top1 < stated / 2);
    });
}

interface Others {
  /** Accuracy with the images prepared as they are now. */
  readonly given: number;
  /** Clearly better readings, the best first. */
  readonly better: readonly Trial[];
  readonly tried: number;
}

async function tryOthers(
  model: FloatModel,
  preparation: Preparation,
  images: ImageSet,
  isPoor: boolean,
  threads: number | undefined,
  run: Run,
): Promise<Others> {
  const { normalization, origin, preprocessing } = preparation;
  const usual = usualNormalizations(preprocessing.channels);
  const isGuess = origin.mean === "guess" || origin.std === "guess";
  const isSame = ({ mean, std }: Normalization) =>
    String([mean, std]) === String([normalization.mean, normalization.std]);
  const inOrder =
    (isReversed: boolean) =>
    (reading: UsualNormalization): Reading => ({ ...reading, isReversed });
  const plain = (isPoor ? usual : isGuess ? usual.slice(0, FIRST_GUESSES) : [])
    .filter((reading) => !isSame(reading))
    .map(inOrder(false));
  const reversed = isPoor && preprocessing.channels > 1 ? usual.map(inOrder(true)) : [];
  const others = [...plain, ...reversed];
  if (others.length === 0) return { given: 0, better: [], tried: 0 };
  run.phase("trying normalizations");
  const now: Reading = { name: "given", ...normalization, isReversed: false };
  const [given, ...trials] = await tryReadings(model.graph, images, [now, ...others], {
    compose: (outer) => composedNormalization(outer, model.input?.normalization),
    signal: run.signal,
    ...defined({ threads }),
    onProgress: (done, of) => run.progress(done, of, { unit: "measurements" }),
  });
  const best = trials.reduce((one, other) => (other.top1 > one.top1 ? other : one));
  const better = trials
    .filter(({ right }) => isClearlyBetter(right, given!.right) && !isClearlyBetter(best.right, right))
    .sort((a, b) => b.top1 - a.top1);
  return { given: given!.top1, better, tried: others.length };
}

/** Such as `mean 0.5,0.5,0.5 std 0.5,0.5,0.5 (pixels of −1 … 1)`, and the order of channels if it differs. */
function described({ name, mean, std, isReversed }: Reading, { channelOrder }: Preparation): string {
  const list = (values: readonly number[]) => values.map((value) => Number(value.toPrecision(6))).join(",");
  const order = isReversed ? ` channelOrder ${channelOrder === "rgb" ? "bgr" : "rgb"}` : "";
  return `mean ${list(mean)} std ${list(std)}${order} (${name})`;
}

const tenths = (share: number): string => percent(share, 1);
