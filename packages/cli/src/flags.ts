/**
 * @file Options and tasks in sentences: the toolkit uses the names of its schema, `firstLastBits` and "the task `qat`"; on a
 * command line these become flags and commands.
 */

import { isOption, kebabCase } from "@subbyte/toolkit/options";

/**
 * A sentence with `--first-last-bits` instead of `` `firstLastBits` ``, and `` `subbyte qat` `` instead of `` the task `qat`
 * ``.
 */
export const withFlags = (text: string): string =>
  text
    .replaceAll(/\b[Tt]he task `(\w+)`/g, "`subbyte $1`")
    .replaceAll(/`(\w+)`/g, (quoted, name: string) =>
      isOption(name) || name === "config" ? `--${kebabCase(name)}` : quoted,
    );
