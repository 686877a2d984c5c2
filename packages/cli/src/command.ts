/** @file The definition of a command: a task of the toolkit, with examples and the text of its result. */

import type { TaskInput, TaskName } from "@subbyte/toolkit/options";
import type { TaskContext } from "@subbyte/toolkit/tasks";

/** The arguments of a command besides its options. */
export interface Shell {
  readonly context: TaskContext;
  /** Prints the result: `text` for people, or JSON of `result`; records it where `--results` says so. */
  deliver(result: object, text: string): Promise<void>;
}

export interface CommandDefinition {
  readonly name: string;
  readonly task: TaskName;
  /** A task that replaces the first one if its option is given. */
  readonly alternative?: { readonly task: TaskName; readonly when: string };
  /** Without the name of the program. */
  readonly examples: readonly string[];
  readonly run: (input: never, shell: Shell) => Promise<void>;
}

/**
 * @param run loads the task when it is called, so that help needs neither ONNX Runtime nor image libraries
 */
export const defineCommand = <Task extends TaskName>(
  task: Task,
  definition: {
    readonly name?: string;
    readonly examples: readonly string[];
    readonly run: (input: TaskInput<Task>, shell: Shell) => Promise<void>;
  },
): CommandDefinition => ({ name: task, ...definition, task });
