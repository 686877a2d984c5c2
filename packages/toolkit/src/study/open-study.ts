/** @file Opens a study by its name (if it is built in), its file or its folder, and returns its plan and folder. */

import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { UsageError } from "../errors.js";
import { nearest } from "./bags.js";
import { builtInStudies, builtInStudy } from "./built-in.js";
import { planChanges } from "./changes.js";
import { planStudy } from "./plan.js";
import type { StudyPlan } from "./planned-run.js";
import { type ReadStudy, readStudy } from "./read-study.js";
import { readStates } from "./states.js";
import { StudyFolder } from "./study-folder.js";
import type { RawStudy } from "./study-schema.js";

/** The options of tasks that name a study. */
export interface StudyOptions {
  /** Name of a built-in study, path of a study's file, or path of its folder. */
  readonly study: string;
  /** Base folder of the study's relative paths; by default the folder of its file. */
  readonly files?: string;
  /** `network/data=file` or `network/data/method/bits/seed=file`, with paths relative to the current folder. */
  readonly imports?: readonly string[];
  readonly out?: string;
}

export interface OpenedStudy {
  readonly plan: StudyPlan;
  readonly folder: StudyFolder;
}

/**
 * The plan with which a study was begun, for tasks that only look at its state.
 *
 * @throws {UsageError} if none was begun
 */
export async function openBegunStudy(options: StudyOptions): Promise<OpenedStudy> {
  const folder = isStudyFolder(options.study)
    ? new StudyFolder(options.study)
    : folderFor(await readNamed(options), options);
  return { folder, plan: await folder.readPlan() };
}

/**
 * Reads the study, plans its runs, and writes the plan into its folder.
 *
 * @param replan accepts a plan that differs from the earlier one
 * @throws {UsageError} if the study is wrong, or if it has changed since its first run and `replan` is false
 */
export async function openStudy(options: StudyOptions, replan: boolean): Promise<OpenedStudy> {
  if (isStudyFolder(options.study)) return openFolder(options);
  const read = await readNamed(options);
  const folder = folderFor(read, options);
  const base = resolve(options.files ?? read.base);
  const imported = new Map(parseImports(options.imports).map(({ file }) => [file, resolve(file)]));
  const plan = await planStudy(read.study, (name) => imported.get(name) ?? resolve(base, name), read.document);
  if (folder.hasPlan() && !replan) {
    const before = await folder.readPlan();
    const changes = planChanges(before, plan);
    const isBegun = (await readStates(before, folder)).some(({ state }) => state !== "waiting");
    if (changes.length > 0 && isBegun) throw changed(read.study.name, folder, changes);
  }
  await folder.writePlan(plan);
  return { plan, folder };
}

const MOST_SHOWN = 20;

function changed(name: string, { path }: StudyFolder, changes: readonly string[]): UsageError {
  const shown = changes.slice(0, MOST_SHOWN).map((change) => `  ${change}`);
  const more = changes.length > MOST_SHOWN ? [`  and ${changes.length - MOST_SHOWN} more`] : [];
  return new UsageError(
    "study-changed",
    { file: path, changes },
    `the study "${name}" has changed since its runs in ${path} began:\n${[...shown, ...more].join("\n")}\n` +
      "Undo the change, choose another folder with `out`, or give `replan` to accept it: unchanged runs keep " +
      "their results, and the others are executed again.",
  );
}

/** Opens a study by its folder. The plan there is immutable: only the places of its files can be given. */
async function openFolder({ study, files, imports, out }: StudyOptions): Promise<OpenedStudy> {
  const [foreign] = Object.entries({ imports, out }).find(([, value]) => value !== undefined) ?? [];
  if (foreign !== undefined)
    throw new UsageError(
      "option-conflict",
      { options: ["study", foreign] },
      `\`${foreign}\` belongs to a study's file; ${study} is the folder of a study that was planned. Leave it out.`,
    );
  const folder = new StudyFolder(study);
  const plan = await folder.readPlan();
  if (files === undefined) return { plan, folder };
  const locations = Object.entries(plan.locations).map(([name, place]) => [
    name,
    isAbsolute(place) && !isAbsolute(name) ? resolve(files, name) : place,
  ]);
  return { plan: { ...plan, locations: Object.fromEntries(locations) }, folder };
}

const isStudyFolder = (path: string): boolean => new StudyFolder(path).hasPlan();

const folderFor = ({ study }: ReadStudy, { out }: StudyOptions): StudyFolder =>
  new StudyFolder(out ?? join("studies", study.name));

/** @returns the study, and the folder to which its paths are relative */
async function readNamed({ study, imports }: StudyOptions): Promise<ReadStudy & { readonly base: string }> {
  const isFile = statSync(study, { throwIfNoEntry: false })?.isFile() === true;
  if (!isFile && !builtInStudies.includes(study))
    throw new UsageError(
      "option-choice",
      { option: "study", value: study, allowed: builtInStudies },
      `there is no study "${study}", neither built in nor as a file; ${nearest(basename(study), builtInStudies)}`,
    );
  const text = isFile ? await readFile(study, "utf8") : await builtInStudy(study);
  return {
    ...readStudy(text, isFile ? study : `${study}.yaml`, parseImports(imports)),
    base: isFile ? dirname(study) : ".",
  };
}

function parseImports(imports: readonly string[] = []): NonNullable<RawStudy["imports"]> {
  return imports.map((text) => {
    const at = text.indexOf("=");
    const [network = "", data = "", method, bits, seed] = text.slice(0, at).split("/");
    const file = text.slice(at + 1);
    if (method === undefined) return { network, data, file };
    return { network, data, method, bits: bits ?? "", seed: Number(seed ?? 0), file };
  });
}
