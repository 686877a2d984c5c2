/** @file Matches the classes of images with those of a model, so that labels are indices of the model's classes. */

import type { Probabilities } from "@subbyte/engine";
import { type ImageSet, relabelled, unlabelled } from "../data/index.js";
import { DataError } from "../errors.js";
import { classNames, type LabelFile, type Match, type Mismatch, matchClasses, readLabelFile } from "../labels/index.js";
import type { OpenedModel } from "../model-file/index.js";
import type { Run } from "./run.js";

/** Number of classes of a model. */
export const classesOf = (model: OpenedModel): number =>
  model.kind === "quantized" ? model.program.classes : model.classes;

/** Whether the classes of a model exclude each other. */
export const probabilitiesOf = (model: OpenedModel): Probabilities =>
  model.kind === "quantized" ? (model.program.probabilities ?? "softmax") : model.probabilities;

/** Names of a model's classes; undefined if its file has none. */
export const labelsOf = (model: OpenedModel): readonly string[] | undefined =>
  model.kind === "quantized" ? model.program.labels : model.description?.labels;

/** The mapping in the file of the option `labelsMap`. */
export function labelsMapOf({ labelsMap }: { readonly labelsMap?: string }): LabelFile | "order" | undefined {
  return labelsMap === undefined || labelsMap === "order" ? labelsMap : readLabelFile(labelsMap);
}

/** The name of each class of a model, if there is one: from the file, or from `map`. */
export function namedClasses(
  model: OpenedModel,
  map: LabelFile | "order" | undefined,
): readonly (string | undefined)[] {
  const labels = labelsOf(model);
  const classes = classesOf(model);
  const names = map === undefined || map === "order" ? new Map<number, string>() : classNames(map, { classes, labels });
  return Array.from({ length: classes }, (_, index) => names.get(index) ?? labels?.[index]);
}

export interface MatchedImages {
  /** The images, whose labels are indices of the model's classes. They have no classes if these are not the model's. */
  readonly images: ImageSet;
  /** Names of the model's classes, from its file or from the mapping. */
  readonly labels: readonly string[] | undefined;
}

/**
 * Images whose labels must be classes of the model.
 * @param every whether each class of the model must be among the images', as training needs it
 * @throws {DataError} if the images have other classes than the model
 */
export function requireClasses(
  model: OpenedModel,
  images: ImageSet,
  options: { readonly labelsMap?: string },
  run: Run,
  { every = false } = {},
): MatchedImages {
  const match = matchOf(model, images, options);
  if ("missing" in match) throw mismatch(model, images, match);
  const absent = classesOf(model) - new Set(match.targets).size;
  if (every && absent > 0)
    throw new DataError(
      "class-mismatch",
      { source: images.name, found: images.classes.length, expected: classesOf(model) },
      `"${images.name}" has images of ${new Set(match.targets).size} of the ${classesOf(model)} classes of ${model.path}: trained on these, it ` +
        "would forget the others. Use images of all classes, or train a network for these: the task `train` with `from` takes over all but the last layer.",
    );
  return matched(model, images, match, run);
}

/** Images whose labels are used if they are classes of the model; otherwise a note says that they are not. */
export function takeClasses(
  model: OpenedModel,
  images: ImageSet,
  options: { readonly labelsMap?: string },
  run: Run,
): MatchedImages {
  const labels = labelsOf(model);
  if (images.classes.length === 0) {
    run.note(
      `"${images.name}" has no labels, so no accuracy is measured: its images show how near the quantized network is to the float one`,
    );
    return { images, labels };
  }
  const match = matchOf(model, images, options);
  if (!("missing" in match)) return matched(model, images, match, run);
  const reason =
    labels === undefined
      ? `has ${images.classes.length} classes`
      : `has classes that are not its own (${listed(match.missing)})`;
  run.note(
    `${model.path} has ${classesOf(model)} classes${labels === undefined ? "" : ` (${listed(labels)})`}, but "${images.name}" ${reason}: its images ` +
      "are only used to measure ranges, and no accuracy is measured; `labelsMap` can say which class is which",
  );
  return { images: unlabelled(images), labels };
}

function matchOf(
  model: OpenedModel,
  { classes }: ImageSet,
  options: { readonly labelsMap?: string },
): Match | Mismatch {
  return matchClasses(classes, { classes: classesOf(model), labels: labelsOf(model), map: labelsMapOf(options) });
}

function matched(model: OpenedModel, images: ImageSet, match: Match, run: Run): MatchedImages {
  for (const note of notesOf(model, images, match)) run.note(note);
  const labels = labelsOf(model) ?? match.names;
  const { targets } = match;
  const names =
    labels ?? Array.from({ length: classesOf(model) }, (_, index) => nameFor(index, targets, images.classes));
  return { images: relabelled(images, names, targets), labels };
}

/** The images' name for a class of the model, if they have one. */
function nameFor(index: number, targets: readonly number[], classes: readonly string[]): string {
  const at = targets.indexOf(index);
  return at < 0 ? `class ${index}` : classes[at]!;
}

/** Notes on how classes were matched. */
function notesOf(model: OpenedModel, { name, classes }: ImageSet, { by, targets }: Match): readonly string[] {
  const count = classesOf(model);
  const among = new Set(targets).size;
  const subset =
    among < count
      ? [`"${name}" has images of ${among} of the ${count} classes of ${model.path}; the model chooses among all`]
      : [];
  if (by === "order")
    return [
      `${labelsOf(model) ? `the class names of ${model.path} are ignored` : `${model.path} has no class names`}: ` +
        `its classes 0 … ${count - 1} are taken to be ${listed(classes)}, in the order of the images' class names; if this is wrong, give \`labelsMap\``,
    ];
  if (by === "imagenet")
    return [
      `${model.path} has no class names: its ${count} classes are taken to be ImageNet's, ${count === 1001 ? "after a background class" : "in their usual order"}; ` +
        "if this is wrong, give `labelsMap`",
      ...subset,
    ];
  const isInOrder = among === count && targets.every((target, label) => target === label);
  return isInOrder || among < count
    ? subset
    : [
        `classes are matched by ${by === "map" ? "`labelsMap`" : "name"}: ${model.path} has them in another order than "${name}"`,
      ];
}

function mismatch(model: OpenedModel, images: ImageSet, { by, missing }: Mismatch): DataError {
  const labels = labelsOf(model);
  const count = classesOf(model);
  const facts = { source: images.name, found: images.classes.length, expected: count };
  if (labels === undefined || by === "order")
    return new DataError(
      "class-mismatch",
      facts,
      `${model.path} has ${count} classes, but the images of "${images.name}" have ${images.classes.length} (${listed(images.classes)}). ` +
        "Use the data that the model was trained for, say with `labelsMap` which class of the model each is, or train a model for " +
        "these classes: the task `train` with `from` takes over all but the last layer.",
    );
  return new DataError(
    "class-mismatch",
    facts,
    `"${images.name}" has ${missing.length === images.classes.length ? "other classes than" : "classes that are not among those of"} ${model.path}: ` +
      `${listed(missing)}; the model has ${listed(labels)}. Say with \`labelsMap\` which class of the model each is (` +
      "`labelsMap` order takes them in the order of their names), or use the data that the model was trained for.",
  );
}

/** Up to four names, or the first three and the last. */
const listed = (names: readonly string[]): string =>
  names.length <= 4 ? names.join(", ") : `${names.slice(0, 3).join(", ")} … ${names.at(-1)}`;
