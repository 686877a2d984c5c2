/**
 * @file Says what is wrong with a JSON body, in a sentence for the client; the validator's own messages are for
 * programmers.
 */

import type { ErrorObject } from "ajv";

/**
 * A sentence about the first fault that Ajv found, such as `The field inputs[0].shape is missing.`
 *
 * @param fault  an error of Ajv; its keyword is one that `inferRequestSchema` uses
 */
export function describeFault({ instancePath, keyword, params, message }: ErrorObject): string {
  const path = fieldName(instancePath);
  const field = path === "" ? "The body" : `The field ${path}`;
  switch (keyword) {
    case "required":
      return `The field ${path === "" ? "" : `${path}.`}${params.missingProperty} is missing.`;
    case "type":
      return `${field} must be ${NAMES[params.type as string] ?? params.type}.`;
    case "minItems":
      return `${field} must have at least ${counted(params.limit, "element")}.`;
    case "maxItems":
      return `${field} must have at most ${counted(params.limit, "element")}.`;
    case "maxLength":
      return `${field} must have at most ${counted(params.limit, "character")}.`;
    case "minimum":
      return `${field} must be at least ${params.limit}.`;
    case "maximum":
      return `${field} must be at most ${params.limit}.`;
    default:
      return `${field} ${message}.`;
  }
}

const NAMES: Readonly<Record<string, string>> = {
  object: "an object",
  array: "an array",
  string: "a text",
  integer: "an integer",
  boolean: "true or false",
};

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** A JSON pointer as JavaScript writes it: `/inputs/0/shape` is `inputs[0].shape`. The schema's names need no escapes. */
const fieldName = (pointer: string): string =>
  pointer
    .split("/")
    .slice(1)
    .map((part, i) => (/^\d+$/.test(part) ? `[${part}]` : i === 0 ? part : `.${part}`))
    .join("");
