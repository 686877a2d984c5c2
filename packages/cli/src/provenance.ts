/** @file The version and the commit with which a result was made. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Version of the `subbyte` package. */
export const version: string = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version;

export interface Commit {
  readonly hash: string;
  /** Whether files other than results differed from the commit. */
  readonly dirty: boolean;
}

/** The commit that this program was built from; `undefined` if it runs from an installed package. */
export function commit(): Commit | undefined {
  const git = (...args: readonly string[]): string =>
    execFileSync("git", args, { cwd: import.meta.dirname, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  try {
    // For a package under node_modules, the repository around it is another project's.
    git("ls-files", "--error-unmatch", "../package.json");
    const changes = git("status", "--porcelain", "--", ":/", ":(top,exclude)results");
    return { hash: git("rev-parse", "HEAD").trim(), dirty: changes.trim() !== "" };
  } catch {
    return undefined;
  }
}

/** The program's version, and the commit from which it was built; results record both. */
export function software(): { readonly version: string; readonly commit?: Commit } {
  const built = commit();
  return { version, ...(built === undefined ? {} : { commit: built }) };
}
