/** @file A JSON value of an untrusted file with its place, read as the type that the schema expects. */

import { invalid } from "../errors.js";
import { Decimal } from "./json.js";

export class JsonNode {
  constructor(
    readonly value: unknown,
    readonly field: string,
  ) {}

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
    const known = new Set<string>([...required, ...optional]);
    for (const key of Object.keys(members))
      if (!known.has(key)) this.child(key).fail("is not a field of this version of the format");
    for (const key of required) if (!Object.hasOwn(members, key)) this.child(key).fail("is missing");
    const present = [...known].filter((key) => Object.hasOwn(members, key));
    return Object.fromEntries(present.map((key) => [key, this.child(key)])) as never;
  }

  /** An object whose members the caller looks up by name. */
  members(): Readonly<Record<string, unknown>> {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Decimal)
      this.fail("must be an object");
    return value as Record<string, unknown>;
  }

  private child(key: string): JsonNode {
    return new JsonNode(this.members()[key], this.field === "" ? key : `${this.field}.${key}`);
  }

  list(most: number): JsonNode[] {
    const { value } = this;
    if (!Array.isArray(value)) this.fail("must be an array");
    if (value.length > most) this.fail(`must have at most ${most} entries, has ${value.length}`);
    return value.map((item, i) => new JsonNode(item, `${this.field}[${i}]`));
  }

  /** A non-negative integer that is exact in float64. */
  integer(): number {
    if (!Number.isSafeInteger(this.value) || (this.value as number) < 0)
      this.fail("must be a non-negative integer, written without fraction or exponent");
    return this.value as number;
  }

  integers(length?: number): number[] {
    const items = this.list(2 ** 16);
    if (length !== undefined && items.length !== length) this.fail(`must have ${length} entries, has ${items.length}`);
    return items.map((item) => item.integer());
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
