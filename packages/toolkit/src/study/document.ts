/** @file A YAML or JSON text with the lines of its values, so that every fault names its line. */

import { type Document, isCollection, isMap, isScalar, LineCounter, type Node, parseDocument } from "yaml";
import { UsageError } from "../errors.js";

/** Keys and positions from the root to a value. */
export type ValuePath = readonly (string | number)[];

interface Fault {
  readonly line: number;
  readonly text: string;
}

/** Number of errors shown: after a cut or damaged line, most errors follow from the first. */
const MAX_SHOWN = 15;
const MAX_LENGTH = 200;

const cut = (text: string, length: number): string => (text.length > length ? `${text.slice(0, length)}…` : text);

const listed = (faults: readonly string[]): string =>
  [...faults.slice(0, MAX_SHOWN), ...(faults.length > MAX_SHOWN ? [`and ${faults.length - MAX_SHOWN} more`] : [])]
    .map((fault) => `  ${fault}`)
    .join("\n");

/** A parsed text that collects faults, so that all of them are reported, not only the first. */
export class LinedDocument {
  readonly value: unknown;
  readonly #document: Document.Parsed;
  readonly #lines = new LineCounter();
  readonly #faults: Fault[] = [];

  /** @param path of the file, for messages */
  constructor(
    readonly path: string,
    text: string,
  ) {
    this.#document = parseDocument(text, { lineCounter: this.#lines });
    for (const { message, linePos } of this.#document.errors)
      this.#faults.push({ line: linePos?.[0].line ?? 1, text: message.split(/:?\n/)[0]!.replace(/ at line .*/, "") });
    this.value = this.#document.errors.length === 0 ? this.#read() : undefined;
  }

  /** Reads the values; this also finds YAML aliases without an anchor, and aliases that would multiply without limit. */
  #read(): unknown {
    try {
      return this.#document.toJS();
    } catch (error) {
      this.#faults.push({ line: 1, text: (error as Error).message });
      return undefined;
    }
  }

  get faulty(): boolean {
    return this.#faults.length > 0;
  }

  fault(path: ValuePath, text: string): void {
    this.#faults.push({ line: this.#lineOf(path), text });
  }

  /** @throws {UsageError} that lists all faults by line */
  requireFaultless(): void {
    if (!this.faulty) return;
    const faults = this.#faults
      .toSorted((a, b) => a.line - b.line)
      .map(({ line, text }) => `${this.path}:${line}: ${text}`);
    const shown = [...new Set(faults)].map((fault) => cut(fault, MAX_LENGTH));
    throw new UsageError(
      "invalid-study",
      { file: this.path, faults: shown },
      `${this.path} is refused; nothing was begun:\n${listed(shown)}\nCorrect ${shown.length === 1 ? "this line" : "these lines"}.`,
    );
  }

  /** Line of the key, or of the deepest value above it that exists. */
  #lineOf(path: ValuePath): number {
    let node: unknown = this.#document.contents;
    let place: Node | undefined = node as Node | undefined;
    for (const step of path) {
      if (!isCollection(node)) break;
      const pair = isMap(node) ? node.items.find(({ key }) => (isScalar(key) ? key.value : key) === step) : undefined;
      const next: unknown = pair ? pair.value : node.get(step, true);
      const at = pair ? pair.key : next;
      if (at === undefined || at === null) break;
      place = at as Node;
      node = next;
    }
    return this.#lines.linePos(place?.range?.[0] ?? 0).line || 1;
  }
}
