/**
 * @file Makes the page's list of models for a server without an `index.json`. Models that take the same images and have
 * the same classes form one family.
 */

import type { ServerModel } from "../runtime/server-api.js";
import { mostBitsFirst } from "./index-file.js";
import type { CatalogModel, Family } from "./types.js";

/** @param base  address of the page, to which the server's addresses are relative */
export function familiesOf(models: Iterable<ServerModel>, base: string): readonly Family[] {
  const groups = new Map<string, ServerModel[]>();
  for (const model of models) {
    const { preprocessing, classes, labels } = model;
    if (preprocessing === null) continue;
    const { channels, height, width } = preprocessing;
    const key = JSON.stringify([channels, height, width, classes, labels]);
    groups.set(key, [...(groups.get(key) ?? []), model]);
  }
  return [...groups.values()].map((group) => {
    const { channels, height, width } = group[0]!.preprocessing!;
    const id = group[0]!.name;
    const [testSet] = group.flatMap(({ accuracy }) => Object.keys(accuracy ?? {}));
    return {
      id,
      title: commonName(group.map(({ name }) => name)),
      classes: `${group[0]!.classes ?? "?"} classes, ${width} × ${height} pixels`,
      kind: channels === 1 && height === 28 ? "digits" : "photos",
      samples: [],
      ...(testSet === undefined ? {} : { testSet }),
      models: group.map((model) => catalogModel(model, id, base)).sort(mostBitsFirst),
    } satisfies Family;
  });
}

function catalogModel(
  { name, kind, bits, bytes, sha256, url, accuracy, peakBytes }: ServerModel,
  familyId: string,
  base: string,
): CatalogModel {
  const [top1] = Object.values(accuracy ?? {});
  return {
    id: name,
    familyId,
    bits,
    format: kind,
    url: new URL(url.replace(/^\//, ""), base).href,
    bytes,
    sha256,
    ...(top1 === undefined ? {} : { accuracy: top1 }),
    ...(peakBytes == null ? {} : { peakBytes }),
  };
}

/** The common start of all names, without a separator at its end: "mnist" for "mnist-w8a8" and "mnist-w4a4". */
function commonName(names: readonly string[]): string {
  const [first] = names;
  if (names.length === 1) return first!;
  let length = 0;
  while (names.every((name) => name[length] !== undefined && name[length] === first![length])) length++;
  return first!.slice(0, length).replace(/[-_.]w?$/, "") || first!;
}
