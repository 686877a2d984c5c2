/**
 * @file The code blocks of the documentation, as data.
 *
 * Words after the language of a block, which no reader sees, say how a test runs it:
 *
 * - `skip="reason"`: it is not run.
 * - `page`: it runs in a browser, as the script of a page or as a page.
 * - `file="NAME"`: its text is written to that file, for the blocks after it.
 * - `add="COMMAND OPTIONS; …"`: options that make a command short, such as `add="quantize --method mse"`.
 * - `replace="TEXT → TEXT"`: the same for programs.
 */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const root = join(import.meta.dirname, "../../../..");

/** Paths of all pages that are in the repository, relative to its root. */
export const documents: readonly string[] = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
  { cwd: root, encoding: "utf8" },
)
  .trim()
  .split("\n")
  .toSorted();

export const textOf = (document: string): string => readFileSync(join(root, document), "utf8");

export interface Block {
  readonly document: string;
  /** Line of its first fence, from 1. */
  readonly line: number;
  /** First word after the fence; empty if there is none. */
  readonly language: string;
  readonly text: string;
  readonly skip?: string;
  readonly page: boolean;
  readonly file?: string;
  /** Options to append, by command. */
  readonly added: Readonly<Record<string, readonly string[]>>;
  readonly replaced: readonly (readonly [from: string, to: string])[];
}

const attributes = ["skip", "page", "file", "add", "replace"];

/** @throws {Error} for a fence without end, or an unknown word after the language */
export function blocksOf(document: string, text = textOf(document)): readonly Block[] {
  const blocks: Block[] = [];
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const fence = /^(\s*)(```+)(.*)$/.exec(lines[i]!);
    if (!fence) continue;
    const [, indent, ticks, info] = fence as unknown as [string, string, string, string];
    const end = lines.findIndex((line, at) => at > i && line.trim() === ticks);
    if (end < 0) throw new Error(`${document}:${i + 1}: this code block has no end`);
    const content = lines.slice(i + 1, end).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
    blocks.push(block(document, i + 1, info.trim(), `${content.join("\n")}\n`));
    i = end;
  }
  return blocks;
}

function block(document: string, line: number, info: string, text: string): Block {
  const [language = ""] = info.split(" ");
  const found = new Map<string, string[]>();
  for (const [, name, value = ""] of info.slice(language.length).matchAll(/([\w-]+)(?:="([^"]*)")?/g)) {
    if (!attributes.includes(name!)) throw new Error(`${document}:${line}: unknown word "${name}" after ${language}`);
    found.set(name!, [...(found.get(name!) ?? []), value]);
  }
  const added = (found.get("add") ?? [])
    .flatMap((value) => value.split(";"))
    .map((words) => words.trim().split(/\s+/))
    .map(([command, ...options]) => [command!, options] as const);
  return {
    document,
    line,
    language,
    text,
    ...(found.has("skip") ? { skip: found.get("skip")!.join(" ") } : {}),
    ...(found.has("file") ? { file: found.get("file")![0]! } : {}),
    page: found.has("page"),
    added: Object.fromEntries(added),
    replaced: (found.get("replace") ?? []).map((value) => value.split(" → ") as unknown as readonly [string, string]),
  };
}

/**
 * The text with its replacements made.
 * @throws {Error} if the block does not have what one replaces
 */
export function replacedText({ document, line, text, replaced }: Block): string {
  return replaced.reduce((current, [from, to]) => {
    if (!current.includes(from)) throw new Error(`${document}:${line}: there is no "${from}" to replace`);
    return current.replaceAll(from, to);
  }, text);
}
