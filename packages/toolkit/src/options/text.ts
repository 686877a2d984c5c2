/** @file Options as text: their names on a command line, and values that people type. */

import type { OptionDefinition } from "./definition.js";

/** `firstLastBits` → `first-last-bits` */
export const kebabCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** `first-last-bits` → `firstLastBits` */
export const camelCase = (name: string): string =>
  name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/**
 * Converts text into a value for the schema of the option. Text that cannot be converted is returned unchanged, so that
 * the schema refuses it with its own message.
 */
export function valueOfText({ kind }: OptionDefinition, text: string): unknown {
  switch (kind) {
    case "flag":
      return text === "true" ? true : text === "false" ? false : text;
    case "number":
      return numberOf(text);
    case "numbers":
      return text.split(",").map(numberOf);
    case "texts":
      return text.split(",").map((item) => item.trim());
    case "text":
      return text;
    default:
      return kind satisfies never;
  }
}

const numberOf = (text: string): number | string => {
  const value = Number(text);
  return text.trim() === "" || Number.isNaN(value) ? text : value;
};
