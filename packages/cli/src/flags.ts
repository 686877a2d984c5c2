/**
 * @file Options and tasks in sentences: the toolkit names them as its schema does, `firstLastBits` and "the task `qat`"; on a
 * command line they are flags and commands.
 */

import { isOption, kebabCase } from "@subbyte/toolkit/options";

/** A sentence with `--first-last-bits` for `` `firstLastBits` ``, and `` `subbyte qat` `` for `` the task `qat` ``. */
export const withFlags = (text: string): string =>
  text
    .replaceAll(/\b[Tt]he task `(\w+)`/g, "`subbyte $1`")
    .replaceAll(/`(\w+)`/g, (quoted, name: string) =>
      isOption(name) || name === "config" ? `--${kebabCase(name)}` : quoted,
    );
