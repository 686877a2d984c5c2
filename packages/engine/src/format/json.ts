/**
 * @file Reads JSON (RFC 8259) from untrusted sources. Unlike `JSON.parse`, it refuses a name that occurs twice in an object,
 * limits depth and number of values before they are created, and remembers whether numbers were written as integers.
 */

import { damaged } from "../errors.js";

/** A number written with a fraction, an exponent or a minus before 0; the format does not accept it as an integer. */
export class Decimal {
  constructor(readonly value: number) {}
}

/** Most values: without a limit, a file of 16 MB could ask for a hundred times as much memory. */
const mostValues = 2 ** 20;
const deepest = 64;

/** @throws {FormatError} if the text is not valid JSON or exceeds a limit */
export function parseJson(text: string, field: string): unknown {
  return parseCanonical(text) ?? new Parser(text, field).parse();
}

/** A text of this length has fewer than `mostValues` values. */
const shortText = mostValues;

/**
 * Parses a text in the form in which `JSON.stringify` writes it, which is that of our headers; undefined for other texts.
 * This is several times as fast as the parser below, and refuses the same texts: in this form, no name occurs twice, and a
 * number is an integer exactly if it is written as one. Only `plain` limits the depth, because the format's other fields are flat.
 */
function parseCanonical(text: string): unknown {
  if (text.length > shortText) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text ? value : undefined;
  } catch {
    // It is not JSON, or nested so deeply that writing it overflows the stack.
    return undefined;
  }
}

/**
 * The value with plain numbers, for free parts of the header.
 * @throws {FormatError} if it is nested too deeply
 */
export function plain(value: unknown, field: string, levels = deepest): unknown {
  if (value instanceof Decimal) return value.value;
  if (typeof value !== "object" || value === null) return value;
  if (levels === 0) throw damaged(field, `is more than ${deepest} levels deep`);
  const inner = (member: unknown) => plain(member, field, levels - 1);
  if (Array.isArray(value)) return value.map(inner);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, inner(member)]));
}

const space = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** A whole text with its escapes; `JSON.parse` then checks the escapes and characters. */
const string = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"/y;
const word = /true|false|null/y;
const words: Readonly<Record<string, unknown>> = { true: true, false: false, null: null };

class Parser {
  #at = 0;
  #values = 0;

  constructor(
    readonly text: string,
    readonly field: string,
  ) {}

  parse(): unknown {
    const value = this.#value(0);
    this.#take(space);
    if (this.#at !== this.text.length) this.#fail("has something after its end");
    return value;
  }

  #value(depth: number): unknown {
    if (++this.#values > mostValues) this.#fail(`has more than ${mostValues} values`);
    if (depth > deepest) this.#fail(`is more than ${deepest} levels deep`);
    this.#take(space);
    switch (this.text[this.#at]) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      case "t":
      case "f":
      case "n":
        return words[this.#take(word) ?? this.#fail("is not JSON")];
      default:
        return this.#number();
    }
  }

  #object(depth: number): unknown {
    const members: Record<string, unknown> = Object.create(null);
    this.#at++;
    if (this.#next("}")) return members;
    do {
      this.#take(space);
      const name = this.#string();
      if (name in members) this.#fail(`has the name ${JSON.stringify(name.slice(0, 100))} twice in an object`);
      if (!this.#next(":")) this.#fail("is not JSON");
      members[name] = this.#value(depth + 1);
    } while (this.#next(","));
    if (!this.#next("}")) this.#fail("is not JSON");
    return members;
  }

  #array(depth: number): unknown {
    const items: unknown[] = [];
    this.#at++;
    if (this.#next("]")) return items;
    do items.push(this.#value(depth + 1));
    while (this.#next(","));
    if (!this.#next("]")) this.#fail("is not JSON");
    return items;
  }

  #string(): string {
    const raw = this.#take(string) ?? this.#fail("is not JSON");
    try {
      return JSON.parse(raw) as string;
    } catch {
      return this.#fail("is not JSON");
    }
  }

  #number(): number | Decimal {
    const raw = this.#take(number) ?? this.#fail("is not JSON");
    const value = Number(raw);
    if (!Number.isFinite(value)) this.#fail(`has the number ${raw.slice(0, 100)}, which no float64 holds`);
    return /[.eE]|^-0/.test(raw) ? new Decimal(value) : value;
  }

  /** Consumes and returns the text that matches the pattern at this position. */
  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #next(character: string): boolean {
    this.#take(space);
    if (this.text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #fail(reason: string): never {
    throw damaged(this.field, `${reason} (at character ${this.#at})`);
  }
}
