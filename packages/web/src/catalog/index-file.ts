/** @file Reads `models/index.json`, the list of the models in its folder. */

import type { CatalogModel, Family, Sample } from "./types.js";

interface IndexModel {
  readonly file: string;
  readonly bits: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly accuracy?: number;
  readonly method?: string;
  readonly peakBytes?: number;
}

interface IndexFamily {
  readonly id: string;
  readonly title: string;
  readonly classes: string;
  readonly kind: Family["kind"];
  readonly about?: string;
  readonly testSet?: string;
  readonly samples?: readonly { readonly file: string; readonly name: string; readonly credit: string }[];
  readonly models: readonly IndexModel[];
}

export interface IndexFile {
  readonly families: readonly IndexFamily[];
}

/**
 * @param base  address of the index file, to which the addresses in it are relative
 * @throws {TypeError} if it is not such a list
 */
export function readIndex(index: unknown, base: string): readonly Family[] {
  if (typeof index !== "object" || index === null || !Array.isArray((index as IndexFile).families))
    throw new TypeError(`${base} is no list of models: it has no "families"`);
  return (index as IndexFile).families.map((family) => {
    const models = family.models.map((model) => catalogModel(model, family.id, base)).sort(mostBitsFirst);
    return {
      ...family,
      samples: (family.samples ?? []).map(
        ({ file, name, credit }): Sample => ({ url: String(new URL(file, base)), name, credit }),
      ),
      models: models.filter(({ format }) => format !== "tflite"),
      peers: models.filter(({ format }) => format === "tflite"),
    };
  });
}

const formats = { onnx: "onnx", tflite: "tflite" } as const;

function catalogModel({ file, ...model }: IndexModel, familyId: string, base: string): CatalogModel {
  const [, name, ending] = /([^/]*)\.([^.]+)$/.exec(file) ?? ["", file, ""];
  const format = formats[ending as keyof typeof formats] ?? "sbq";
  return {
    ...model,
    // A server does not have the files for other runtimes among its models.
    id: format === "tflite" ? `${name}.tflite` : name!,
    familyId,
    format,
    url: String(new URL(file, base)),
  };
}

export const mostBitsFirst = (a: CatalogModel, b: CatalogModel): number => b.bits - a.bits || a.id.localeCompare(b.id);
