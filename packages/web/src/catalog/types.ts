/** @file Models as the page lists them. */

import type { Preprocessing } from "@subbyte/engine";

/** One file: a network at one bit width. */
export interface CatalogModel {
  /** The file's name without its ending. It is unique on the page, and a server knows the model by it. */
  readonly id: string;
  readonly familyId: string;
  /** Bit width of the inner layers; 32 for float. */
  readonly bits: number;
  readonly format: "sbq" | "onnx" | "tflite";
  /** The address from which the browser loads it; absent if only the server has it. */
  readonly url?: string;
  /** A file that the visitor dropped. */
  readonly file?: Blob;
  /**
   * How images are prepared for a float file that a visitor dropped. Other float files have a `.json` file beside them
   * that says so.
   */
  readonly description?: { readonly preprocessing: Preprocessing; readonly labels?: readonly string[] };
  readonly bytes: number;
  /** Hexadecimal SHA-256 of the file, the key of the browser's store. */
  readonly sha256?: string;
  /** Top-1 accuracy in [0, 1] on the family's test set. */
  readonly accuracy?: number;
  /** The method of quantization, in words for people. */
  readonly method?: string;
  /** Most memory that the network takes while it runs, where the list says it. */
  readonly peakBytes?: number;
}

/** A network and its versions, one per bit width. */
export interface Family {
  readonly id: string;
  readonly title: string;
  /** Describes the classes, e.g. "10 classes of things". */
  readonly classes: string;
  readonly kind: "photos" | "digits";
  /** Where weights and training data come from, with licences. */
  readonly about?: string;
  /** The images on which accuracies were measured. */
  readonly testSet?: string;
  readonly samples: readonly Sample[];
  /** The versions of the network, the one with the most bits first. */
  readonly models: readonly CatalogModel[];
  /** The same network for other runtimes, to compare times with. */
  readonly peers?: readonly CatalogModel[];
}

/** A picture to try, free of rights. */
export interface Sample {
  readonly url: string;
  readonly name: string;
  readonly credit: string;
}

export const bitWidthName = (bits: number): string => (bits === 32 ? "float" : `${bits} bits`);

/** Short name of a model within its family. */
export const modelName = (model: CatalogModel, siblings: readonly CatalogModel[]): string => {
  if (model.format === "tflite") return `${bitWidthName(model.bits)}, LiteRT.js`;
  const twins = siblings.filter(({ bits }) => bits === model.bits).length > 1;
  return twins && model.method !== undefined
    ? `${bitWidthName(model.bits)}, ${model.method}`
    : bitWidthName(model.bits);
};
