/** @file Runs asynchronous tasks, a bounded number at a time. */

export class TaskPool {
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  /** @param limit largest number of tasks at the same time, at least 1. */
  constructor(private readonly limit: number) {}

  /**
   * Waits until fewer than the limit are running, and starts `task`.
   *
   * @throws the first error of an earlier task
   */
  async start(task: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.limit) await Promise.race(this.#running);
    this.#rethrow();
    const running = task()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /**
   * Waits for all tasks.
   *
   * @throws the first error of any of them
   */
  async finish(): Promise<void> {
    await Promise.all(this.#running);
    this.#rethrow();
  }

  #rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
