/** @file Makes text from files harmless before it is printed on a terminal. */

/**
 * Writes control characters, and characters that reverse the direction of writing, as escapes such as `\u001b`. Line
 * ends and tabs stay. JSON text keeps its meaning.
 */
export const withoutControls = (text: string): string =>
  text.replaceAll(
    /[^\P{Cc}\n\t]|[\u202A-\u202E\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
