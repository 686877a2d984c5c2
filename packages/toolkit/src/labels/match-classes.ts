/**
 * @file Matches the classes of images with those of a model: by name, by a file, or in order if the model's classes
 * have no names.
 */

import { UsageError } from "../errors.js";
import { imagenetIndex, namesOf } from "./imagenette.js";
import type { LabelEntry, LabelFile } from "./label-file.js";

/** The classes of a model, as far as they are known. */
export interface ModelClasses {
  readonly classes: number;
  readonly labels?: readonly string[] | undefined;
  /** A file that maps classes; "order" matches the classes of images and model by position and ignores their names. */
  readonly map?: LabelFile | "order" | undefined;
}

/** How classes were matched: by file, by name, as ImageNet's, or in the order of the images' classes. */
export type MatchedBy = "map" | "names" | "imagenet" | "order";

export interface Match {
  readonly by: MatchedBy;
  /** The model's class for each class of the images. */
  readonly targets: readonly number[];
  /** Names for all classes of the model, if the model has none itself. */
  readonly names?: readonly string[];
}

export interface Mismatch {
  readonly by: MatchedBy;
  /** Classes of the images that the model does not have. */
  readonly missing: readonly string[];
}

/** @throws {UsageError} if the file does not fit the model */
export function matchClasses(images: readonly string[], model: ModelClasses): Match | Mismatch {
  const { classes, labels, map } = model;
  if (map === "order" || (map === undefined && labels === undefined)) return matchByOrder(images, model);
  const byLabel = labels && ofLabels(labels);
  const entries = map && resolvedEntries(map, byLabel, classes);
  const byMap = entries && new NameIndex(entries);
  const taken = new Set<number>();
  const missing: string[] = [];
  const targets = images.map((name) => {
    const mapped = byMap?.find(name);
    const target = mapped ?? byLabel?.find(name);
    if (target === undefined || (mapped === undefined && taken.has(target))) missing.push(name);
    taken.add(target ?? -1);
    return target ?? -1;
  });
  const by = map ? "map" : "names";
  if (missing.length > 0) return { by, missing };
  const names = labels ? undefined : entries && allNames(entries, classes);
  return { by, targets, ...(names ? { names } : {}) };
}

function matchByOrder(images: readonly string[], { classes, map, labels }: ModelClasses): Match | Mismatch {
  const background = classes - IMAGENET_CLASSES;
  if (map === undefined && (background === 0 || background === 1)) {
    const targets = images.map(imagenetIndex).filter((index) => index !== undefined);
    if (targets.length === images.length)
      return { by: "imagenet", targets: targets.map((index) => index + background) };
  }
  if (images.length !== classes) return { by: "order", missing: images };
  return { by: "order", targets: images.map((_, i) => i), ...(labels ? {} : { names: images }) };
}

/**
 * Readable names of the classes, from a file.
 * @throws {UsageError} if the file does not fit the model
 */
export function classNames(
  file: LabelFile,
  { classes, labels }: Omit<ModelClasses, "map">,
): ReadonlyMap<number, string> {
  return namesByClass(resolvedEntries(file, labels && ofLabels(labels), classes));
}

const ofLabels = (labels: readonly string[]): NameIndex =>
  new NameIndex(labels.map((label, index) => ({ index, names: [label] })));

const IMAGENET_CLASSES = 1000;

type Resolved = Required<LabelEntry>;

/** Finds the model's class of each entry. */
function resolvedEntries(
  { isList, entries }: LabelFile,
  labels: NameIndex | undefined,
  classes: number,
): readonly Resolved[] {
  const fail = (reason: string): never => {
    throw new UsageError("invalid-labels", { reason }, `\`labelsMap\`: ${reason}.`);
  };
  if (isList && entries.length !== classes) {
    const background =
      entries.length + 1 === classes
        ? " Networks of TensorFlow have a background class before ImageNet's: add a first line for it"
        : " Give each class its number, or a line for each of the model's classes";
    const count = `${entries.length} ${entries.length === 1 ? "class" : "classes"}`;
    fail(
      `the file lists ${count}, but the model has ${classes}; a list must have all classes in the model's order.${background}`,
    );
  }
  return entries.map(({ index, names }) => {
    const found = index ?? names.map((name) => labels?.find(name)).find((each) => each !== undefined);
    if (found === undefined)
      return fail(
        `${names.map((name) => `"${name}"`).join(", ")}: ` +
          (labels ? "not among the model's class names" : "the model has no class names; give the number of the class"),
      );
    if (found >= classes) fail(`it names class ${found}, but the model has the classes 0 … ${classes - 1}`);
    return { index: found, names };
  });
}

/** The names of all classes; undefined if one has none. */
function allNames(entries: readonly Resolved[], classes: number): readonly string[] | undefined {
  const names = namesByClass(entries);
  return names.size === classes ? Array.from({ length: classes }, (_, index) => names.get(index)!) : undefined;
}

/** The readable name of each class: the one beside a WordNet id. */
function namesByClass(entries: readonly Resolved[]): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const { index, names: all } of entries)
    names.set(index, names.get(index) ?? all.find((name) => !/^n\d{8}$/.test(name)) ?? all[0]!);
  return names;
}

/** The form in which names are compared: without case, spaces, hyphens and underscores. */
const alike = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim();

/**
 * Finds classes by name: first an equal name, then a similar one, then the part before a comma. A name that two classes have is
 * not used.
 */
class NameIndex {
  readonly #forms: readonly (readonly [(name: string) => string, ReadonlyMap<string, ReadonlySet<number>>])[];

  constructor(entries: readonly Resolved[]) {
    const forms = [
      [(name: string) => name, (name: string) => name],
      [alike, alike],
      [alike, (name: string) => alike(name.split(",")[0]!)],
    ] as const;
    this.#forms = forms.map(([asked, stored]) => {
      const index = new Map<string, Set<number>>();
      for (const { index: target, names } of entries)
        for (const name of names.map(stored)) index.set(name, (index.get(name) ?? new Set()).add(target));
      return [asked, index];
    });
  }

  find(name: string): number | undefined {
    for (const [asked, index] of this.#forms) {
      const found = new Set(namesOf(name).flatMap((each) => [...(index.get(asked(each)) ?? [])]));
      if (found.size > 0) return found.size === 1 ? [...found][0] : undefined;
    }
    return undefined;
  }
}
