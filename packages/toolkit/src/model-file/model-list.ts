/**
 * @file `index.json`, the list of the models in a folder. It tells a page which files belong together: networks, their versions
 * by bit width, and the accuracies, sizes and hashes of these.
 */

import { createHash } from "node:crypto";
import { inspect } from "@subbyte/engine";

/** A network and its versions. */
export interface ListedFamily {
  readonly id: string;
  readonly title: string;
  /** A readable description of the classes. */
  readonly classes: string;
  readonly kind: "photos" | "digits";
  /** The origin of weights and data, with licences. */
  readonly about?: string;
  /** The images on which accuracies were measured. */
  readonly testSet?: string;
  /** Sample pictures; their files are relative to the list. */
  readonly samples?: readonly { readonly file: string; readonly name: string; readonly credit: string }[];
  readonly models: readonly ListedModel[];
}

/** One model file of a family. */
export interface ListedModel {
  readonly file: string;
  /** Bit width of the inner layers; 32 for float. */
  readonly bits: number;
  readonly contents: Uint8Array;
  /** Top-1 accuracy in [0, 1]. */
  readonly accuracy?: number;
  readonly method?: string;
}

/** Peak memory of the engine, in bytes. It is computed for one tier, so that the list does not depend on the machine. */
const peakBytes = (contents: Uint8Array): number => inspect(contents, { tier: "relaxed" }).peakBytes;

/** The list as text with keys in a fixed order, so that the same models give the same bytes. */
export function modelList(families: readonly ListedFamily[]): string {
  const described = families.map(({ models, ...family }) => ({
    ...family,
    models: models.map(({ contents, ...model }) => ({
      ...model,
      ...(model.file.endsWith(".sbq") ? { peakBytes: peakBytes(contents) } : {}),
      bytes: contents.length,
      sha256: createHash("sha256").update(contents).digest("hex"),
    })),
  }));
  return `${JSON.stringify({ families: described }, null, 2)}\n`;
}
