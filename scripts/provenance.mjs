/** The origin of a measured row of results/. Each row has its own, because the rows of one file come from several runs. */

import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { processor } from "@subbyte/toolkit";

export const root = join(import.meta.dirname, "..");
/** The optional folder of test data. */
export const shared = process.env.SUBBYTE_SHARED ?? join(root, "..", "shared");

/** A path as results name it: relative to the root of the repository. Test data are named as if they were beside it. */
export const named = (path) =>
  path.startsWith(shared) ? join("..", "shared", relative(shared, path)) : relative(root, path);

const git = (...args) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
const quoted = (word) => (/[\s"']/.test(word) ? JSON.stringify(word) : word);

/** The origin of results that the running script writes now. */
export const provenance = () => ({
  command: ["node", relative(root, process.argv[1]), ...process.argv.slice(2).map(quoted)].join(" "),
  commit: {
    hash: git("rev-parse", "HEAD"),
    dirty: git("status", "--porcelain", "--", "packages", "scripts") !== "",
  },
  machine: { cpu: processor().cpu, cores: String(availableParallelism()), node: process.version },
  date: new Date().toISOString(),
});
