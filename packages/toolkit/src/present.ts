/** @file Reads files that may be absent. Any other failure, such as a missing permission, is thrown. */

import type { Stats } from "node:fs";
import { readFile, stat } from "node:fs/promises";

const isAbsent = ({ code }: NodeJS.ErrnoException): boolean => code === "ENOENT" || code === "ENOTDIR";

/** @returns undefined if nothing has this path */
export const statIfPresent = (path: string): Promise<Stats | undefined> => ifPresent(path, stat(path));

/** @returns the text of a UTF-8 file; undefined if nothing has this path */
export const readIfPresent = (path: string): Promise<string | undefined> => ifPresent(path, readFile(path, "utf8"));

/** @throws the error of the operating system; the path is added to it if Node left it out */
const ifPresent = <T>(path: string, found: Promise<T>): Promise<T | undefined> =>
  found.catch((error: NodeJS.ErrnoException) => {
    if (isAbsent(error)) return undefined;
    throw Object.assign(error, { path });
  });
