/** @file The files and folders that the runs of a study read, with the hashes of their content. */

import { contentHash, isPath } from "./content-hash.js";
import type { Bag, ImportedModel, StudyDefinition } from "./definition.js";
import type { LinedDocument, ValuePath } from "./document.js";
import { isInputPath } from "./run-options.js";

/**
 * @param locate returns the absolute path of a file or folder that the study names
 * @param document collects faults, such as a data set without files
 * @returns SHA-256 and absolute paths by name
 */
export async function hashInputs(
  study: StudyDefinition,
  locate: (name: string) => string,
  document: LinedDocument,
): Promise<{
  readonly hashes: Readonly<Record<string, string>>;
  readonly locations: Readonly<Record<string, string>>;
}> {
  const hashes: Record<string, string> = {};
  const locations: Record<string, string> = {};
  for (const [place, name] of inputsOf(study)) {
    if (name in locations) continue;
    locations[name] = isPath(name) ? locate(name) : name;
    try {
      hashes[name] = await contentHash(locations[name]);
    } catch (error) {
      document.fault(place, (error as Error).message);
    }
  }
  return { hashes, locations };
}

/** Files that the cells read, with the places where the study names them. */
function inputsOf(study: StudyDefinition): readonly (readonly [ValuePath, string])[] {
  const { networks, data, tasks, methods, settings, imports, cells } = study;
  const isUsed = (axis: "network" | "data" | "method", name: string) => cells.some((cell) => cell[axis] === name);
  const used = <T>(axis: "network" | "data" | "method", entries: Readonly<Record<string, T>>) =>
    Object.entries(entries).filter(([name]) => isUsed(axis, name));
  const bags: readonly (readonly [ValuePath, Bag])[] = [
    ...used("network", networks).map(([name, bag]) => [["networks", name], bag] as const),
    ...used("data", data).map(([name, bag]) => [["data", name], bag] as const),
    ...used("method", methods).map(([name, { options }]) => [["methods", name], options] as const),
    ...Object.entries(tasks).map(([task, bag]) => [[task], bag] as const),
    ...settings.flatMap((each, i) =>
      Object.entries(each.tasks).map(([task, bag]) => [["settings", i, task], bag] as const),
    ),
  ];
  const named = bags.flatMap(([place, bag]) =>
    Object.entries(bag)
      .filter(([name, value]) => isInputPath(name, value))
      .map(([name, value]) => [[...place, name], value as string] as const),
  );
  const imported = ({ network, data: name }: ImportedModel) =>
    cells.some((cell) => cell.network === network && cell.data === name);
  return [
    ...named,
    ...imports.flatMap((each, i) => (imported(each) ? [[["imports", i, "file"], each.file] as const] : [])),
  ];
}
