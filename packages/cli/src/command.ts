/** @file The definition of a command: a task of the toolkit, with examples and the text of its result. */

import type { TaskInput, TaskName } from "@subbyte/toolkit/options";
import type { TaskContext } from "@subbyte/toolkit/tasks";

/** The arguments of a command besides its options. */
export interface Shell {
  readonly context: TaskContext;
  /** Prints `text`, or with `--json` the result as JSON. With `--results`, also writes a record of the result. */
  deliver(result: object, text: string): Promise<void>;
}

export interface CommandDefinition {
  readonly name: string;
  readonly task: TaskName;
  /** A task that runs instead of `task` if the option `when` is given. */
  readonly alternative?: { readonly task: TaskName; readonly when: string };
  /** Example command lines, without the name of the program. */
  readonly examples: readonly string[];
  readonly run: (input: never, shell: Shell) => Promise<void>;
}

/**
 * @param definition its `run` loads the task only when it is called, so that help needs neither ONNX Runtime nor image
 * libraries
 */
export const defineCommand = <Task extends TaskName>(
  task: Task,
  definition: {
    readonly name?: string;
    readonly examples: readonly string[];
    readonly run: (input: TaskInput<Task>, shell: Shell) => Promise<void>;
  },
): CommandDefinition => ({ name: task, ...definition, task });
