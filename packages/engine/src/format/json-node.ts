/** @file A JSON value of an untrusted file with its place, read as the type that the schema expects. */

import { invalid } from "../errors.js";
import { Decimal } from "./json.js";

const isInteger = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

export class JsonNode {
  readonly #parent: JsonNode | undefined;
  readonly #key: string | number;

  /** @param key  name in the object or index in the list `parent`; the whole name of a value without parent */
  constructor(
    readonly value: unknown,
    key: string | number,
    parent?: JsonNode,
  ) {
    this.#key = key;
    this.#parent = parent;
  }

  /**
   * The place of the value, e.g. `operators[3].weights`. It is put together only for an error, because a file has
   * thousands of values.
   */
  get field(): string {
    const parent = this.#parent?.field ?? "";
    if (typeof this.#key === "number") return `${parent}[${this.#key}]`;
    return parent === "" ? this.#key : `${parent}.${this.#key}`;
  }

  fail(message: string): never {
    throw invalid(this.field, message);
  }

  /**
   * The members of an object, which must have all of `required` and may have those of `optional`, but no others. Absent ones
   * are `undefined`.
   */
  object<R extends string, O extends string = never>(
    required: readonly R[],
    optional: readonly O[] = [],
  ): { readonly [K in R]: JsonNode } & { readonly [K in O]: JsonNode | undefined } {
    const members = this.members();
    const children: Record<string, JsonNode> = {};
    for (const key of Object.keys(members)) {
      const child = new JsonNode(members[key], key, this);
      if (!required.includes(key as R) && !optional.includes(key as O))
        child.fail("is not a field of this version of the format");
      children[key] = child;
    }
    for (const key of required) if (!Object.hasOwn(members, key)) new JsonNode(undefined, key, this).fail("is missing");
    return children as never;
  }

  /** An object whose members the caller looks up by name. */
  members(): Readonly<Record<string, unknown>> {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Decimal)
      this.fail("must be an object");
    return value as Record<string, unknown>;
  }

  list(most: number): JsonNode[] {
    return this.values(most).map((item, i) => new JsonNode(item, i, this));
  }

  private values(most: number): readonly unknown[] {
    const { value } = this;
    if (!Array.isArray(value)) this.fail("must be an array");
    if (value.length > most) this.fail(`must have at most ${most} entries, has ${value.length}`);
    return value;
  }

  /** A non-negative integer that is exact in float64. */
  integer(): number {
    if (!isInteger(this.value)) this.fail("must be a non-negative integer, written without fraction or exponent");
    return this.value as number;
  }

  integers(length?: number): number[] {
    const items = this.values(2 ** 16);
    if (length !== undefined && items.length !== length) this.fail(`must have ${length} entries, has ${items.length}`);
    return items.every(isInteger) ? [...items] : this.list(items.length).map((item) => item.integer());
  }

  /** The members of an object of integers, which must have these members and no others. */
  integerMembers<K extends string>(names: readonly K[]): { readonly [N in K]: number } {
    const members = this.members();
    if (Object.keys(members).length === names.length && names.every((name) => isInteger(members[name])))
      return members as { readonly [N in K]: number };
    // Something is wrong; these calls find it and throw.
    const nodes: Readonly<Record<string, JsonNode>> = this.object(names);
    for (const name of names) nodes[name]!.integer();
    throw new Error("internal: the members are integers");
  }

  number(): number {
    const value = this.value instanceof Decimal ? this.value.value : this.value;
    if (typeof value !== "number") this.fail("must be a number");
    return value as number;
  }

  text(): string {
    if (typeof this.value !== "string") this.fail("must be a text");
    return this.value as string;
  }

  boolean(): boolean {
    if (typeof this.value !== "boolean") this.fail("must be true or false");
    return this.value as boolean;
  }
}
