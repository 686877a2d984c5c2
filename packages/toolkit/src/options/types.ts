/** @file Types of a task's options, derived from the tables. */

import type { OptionName, Options, OptionValue } from "./table.js";
import type { TaskName, tasks } from "./tasks.js";

type Definition<Task extends TaskName> = (typeof tasks)[Task];
/** The names of the options that a task reads. */
export type Reads<Task extends TaskName> = Definition<Task>["reads"][number];
type Needs<Task extends TaskName> = Definition<Task>["needs"][number] & OptionName;
type Own<Task extends TaskName> = Definition<Task>["own"];

type HasDefault<Task extends TaskName, Name extends OptionName> = Options[Name] extends { readonly default: unknown }
  ? Name
  : Name extends keyof Own<Task>
    ? Own<Task>[Name] extends { readonly default: unknown }
      ? Name
      : never
    : never;
type Defaulted<Task extends TaskName> = { [Name in Reads<Task>]: HasDefault<Task, Name> }[Reads<Task>];
type Always<Task extends TaskName> = Needs<Task> | Defaulted<Task>;

type Flat<T> = { readonly [K in keyof T]: T[K] };

/** A task's options after parsing: checked, with defaults. */
export type TaskOptions<Task extends TaskName> = Flat<
  { [Name in Always<Task>]: OptionValue<Name> } & { [Name in Exclude<Reads<Task>, Always<Task>>]?: OptionValue<Name> }
>;

/** A task's options before parsing: those that it needs, and any others that it reads. */
export type TaskInput<Task extends TaskName> = Flat<
  { [Name in Needs<Task>]: OptionValue<Name> } & {
    [Name in Exclude<Reads<Task>, Needs<Task>>]?: OptionValue<Name> | undefined;
  }
>;
