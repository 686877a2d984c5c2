/** @file Chooses the model for a form, by name or, like the page of Subbyte's predecessor, by bit width. */

import { ServerError } from "../errors.js";
import type { LoadedModel } from "./loaded-model.js";
import type { Repository } from "./repository.js";

/** Valid values of `model_type`; 32 is the float network. */
const bitWidths = ["32", "8", "7", "6", "5", "4", "3", "2"];

/**
 * Chooses a model. `model` is the name of a model, or the common beginning of names that differ in bit width; `model_type` is a
 * bit width.
 * @throws {ServerError} if there is no such model
 */
export function chooseModel(
  repository: Repository,
  fields: ReadonlyMap<string, string>,
  modelTypes: Readonly<Record<number, string>>,
): LoadedModel {
  const name = fields.get("model");
  const type = fields.get("model_type");
  const version = fields.get("version");
  if (type === undefined || type === "") return repository.get(name ?? "default", version);
  if (!bitWidths.includes(type))
    throw new ServerError(
      "invalid-request",
      `model_type must be a bit width, got ${JSON.stringify(type.slice(0, 40))}.`,
      {
        action: `Send one of ${bitWidths.join(", ")}.`,
      },
    );
  const mapped = modelTypes[Number(type)];
  if (mapped !== undefined && name === undefined) return repository.get(mapped, version);
  const candidates = repository
    .loaded()
    .filter(({ description }) => description.bits === Number(type) && description.classifier !== undefined)
    .filter((model) => name === undefined || model.name.startsWith(name));
  const names = [...new Set(candidates.map((model) => model.name))].sort();
  if (names.length === 1) return repository.get(names[0]!, version);
  const family = name === undefined ? "" : ` whose name starts with ${JSON.stringify(name.slice(0, 80))}`;
  if (names.length === 0)
    throw repository.unknown(
      `There is no ${type}-bit classifier${family}.`,
      `Bit widths here are ${bitWidthsOf(repository)}.`,
    );
  throw new ServerError(
    "invalid-request",
    `There are ${names.length} ${type}-bit classifiers${family}: ${names.slice(0, 8).join(", ")}.`,
    {
      action:
        'Name one in the form field "model", or say at the start of the server which one it means (option modelTypes).',
    },
  );
}

const bitWidthsOf = (repository: Repository): string =>
  [...new Set(repository.loaded().map(({ description }) => description.bits))].sort((a, b) => b - a).join(", ") ||
  "none";
