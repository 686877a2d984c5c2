/** @file Options in sentences: the toolkit names them as its schema does, `firstLastBits`; on a command line they are flags. */

import { isOption, kebabCase } from "@subbyte/toolkit/options";

/** A sentence with `--first-last-bits` for `` `firstLastBits` ``. */
export const withFlags = (text: string): string =>
  text.replaceAll(/`(\w+)`/g, (quoted, name: string) =>
    isOption(name) || name === "config" ? `--${kebabCase(name)}` : quoted,
  );
