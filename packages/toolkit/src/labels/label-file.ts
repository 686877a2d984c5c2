/**
 * @file Reads files that say which class of a model a name means: JSON in the forms of several frameworks, or text with one
 * class per line. docs/labels.md shows them.
 */

import { readFileSync } from "node:fs";
import { UsageError } from "../errors.js";

/** A class with all its names; without an index, one of the names is a label of the model. */
export interface LabelEntry {
  readonly index?: number;
  readonly names: readonly string[];
}

export interface LabelFile {
  /** Whether the entries are all classes of the model, in its order. */
  readonly isList: boolean;
  readonly entries: readonly LabelEntry[];
}

/** @throws {UsageError} for a file of unknown form; the error of the operating system if it cannot be read */
export function readLabelFile(path: string): LabelFile {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw Object.assign(error as Error, { path });
  }
  const fail = (reason: string): never => {
    throw new UsageError("invalid-labels", { file: path, reason }, `\`labelsMap\` ${path}: ${reason}.`);
  };
  const file = /^\s*[[{]/.test(text) ? fromJson(parsed(text, fail), fail) : fromLines(text, fail);
  if (file.entries.length === 0) fail("has no classes");
  for (const { index = 0 } of file.entries)
    if (!Number.isInteger(index) || index < 0) fail(`has the class ${index}; a class is a whole number from 0`);
  return file;
}

function parsed(text: string, fail: (reason: string) => never): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return fail(`is not JSON: ${(error as Error).message}`);
  }
}

const isText = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isWhole = (text: string): boolean => /^-?\d+$/.test(text);

function fromJson(value: unknown, fail: (reason: string) => never): LabelFile {
  if (Array.isArray(value)) return fromArray(value, fail);
  if (!isObject(value)) return fail(NO_FORM);
  // A configuration of Hugging Face's transformers.
  if (isObject(value.id2label)) return fromJson(value.id2label, fail);
  const entries = Object.entries(value).map(([key, item]): LabelEntry => {
    if (typeof item === "number") return { index: item, names: [key] };
    const names = isText(item) ? [item] : Array.isArray(item) && item.every(isText) ? item : fail(NO_FORM);
    return isWhole(key) ? { index: Number(key), names } : { names: [key, ...names] };
  });
  return { isList: false, entries };
}

const NO_FORM = "is not a list of names, and maps neither names to classes nor classes to names";

function fromArray(items: readonly unknown[], fail: (reason: string) => never): LabelFile {
  const isList = !items.some((item) => isObject(item) && indexOf(item) !== undefined);
  const entries = items.map((item, position): LabelEntry => {
    if (isText(item)) return { index: position, names: [item] };
    if (Array.isArray(item) && item.length > 0 && item.every(isText)) return { index: position, names: item };
    const names = isObject(item) ? Object.values(item).filter(isText) : [];
    if (!isObject(item) || names.length === 0) return fail(NO_FORM);
    return { index: indexOf(item) ?? position, names };
  });
  return { isList, entries };
}

/** The class index in a record such as `{ "index": 1, "wnid": "n01440764", "name": "tench" }`. */
function indexOf(record: Readonly<Record<string, unknown>>): number | undefined {
  const name = ["index", "id", "class", "label_id"].find((each) => typeof record[each] === "number");
  return name === undefined ? undefined : (record[name] as number);
}

/** The possible separators of two columns; a file uses the one that every line has once. */
const dividers = ["\t", ";", "=", ":", ","];

function fromLines(text: string, fail: (reason: string) => never): LabelFile {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  // The order of synset_words.txt is that of the classes; its names have commas.
  const synsets = lines.map((line) => /^(n\d{8}) +(\D.*)$/.exec(line)?.slice(1) as [string, string] | undefined);
  if (synsets.every((pair) => pair !== undefined))
    return { isList: true, entries: synsets.map((names, index) => ({ index, names })) };
  const divider = dividers.find((each) => lines.every((line) => line.split(each).length === 2));
  if (divider !== undefined)
    return fromColumns(
      lines.map((line) => line.split(divider).map((column) => column.trim()) as [string, string]),
      fail,
    );
  const byFirst = lines.map((line) => /^(-?\d+)\s+(.+)$/.exec(line)?.slice(1) as [string, string] | undefined);
  if (byFirst.every((pair) => pair !== undefined)) return fromColumns(byFirst, fail);
  const byLast = lines.map((line) => /^(.+?)\s+(-?\d+)$/.exec(line)?.slice(1) as [string, string] | undefined);
  if (byLast.every((pair) => pair !== undefined)) return fromColumns(byLast, fail);
  return { isList: true, entries: lines.map((name, index) => ({ index, names: [name] })) };
}

function fromColumns(pairs: readonly (readonly [string, string])[], fail: (reason: string) => never): LabelFile {
  if (pairs.some((pair) => pair.includes(""))) return fail("has a line with an empty column");
  const column = [0, 1].find((each) => pairs.every((pair) => isWhole(pair[each as 0 | 1]))) as 0 | 1 | undefined;
  if (column === undefined) return { isList: false, entries: pairs.map((names) => ({ names })) };
  return {
    isList: false,
    entries: pairs.map((pair) => ({ index: Number(pair[column]), names: [pair[1 - column] as string] })),
  };
}
