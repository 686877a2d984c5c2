/** @file `models/index.json`, the list of models that lies beside them. */

import type { CatalogModel, Family, Sample } from "./types.js";

interface IndexModel {
  readonly file: string;
  readonly bits: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly accuracy?: number;
  readonly method?: string;
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
 * @param base  address of the index file, from which its files are named
 * @throws {TypeError} where it is no index
 */
export function readIndex(index: unknown, base: string): readonly Family[] {
  if (typeof index !== "object" || index === null || !Array.isArray((index as IndexFile).families))
    throw new TypeError(`${base} is no list of models: it has no "families"`);
  return (index as IndexFile).families.map((family) => ({
    ...family,
    samples: (family.samples ?? []).map(
      ({ file, name, credit }): Sample => ({ url: String(new URL(file, base)), name, credit }),
    ),
    models: family.models.map((model) => catalogModel(model, family.id, base)).sort(widestFirst),
  }));
}

const catalogModel = ({ file, ...model }: IndexModel, familyId: string, base: string): CatalogModel => ({
  ...model,
  id: file.replace(/^.*\//, "").replace(/\.[^.]+$/, ""),
  familyId,
  format: file.endsWith(".onnx") ? "onnx" : "sbq",
  url: String(new URL(file, base)),
});

export const widestFirst = (a: CatalogModel, b: CatalogModel): number => b.bits - a.bits || a.id.localeCompare(b.id);
