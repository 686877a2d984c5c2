/**
 * @file The models of a folder: loads them, watches the folder, replaces them without a gap, and lists them with their faults.
 */

import { type FSWatcher, watch as watchFolder } from "chokidar";
import { ServerError } from "../errors.js";
import { LoadedModel, type LoadingOptions } from "./loaded-model.js";
import { type FoundModel, type Rejected, scanFolder } from "./scan.js";

export interface RepositoryOptions extends LoadingOptions {
  readonly folder: string;
  readonly versions: "latest" | "all";
  readonly defaultModel?: string;
  /** Called for every change, for the log. */
  readonly onEvent: (event: RepositoryEvent) => void;
}

export type RepositoryEvent =
  | { readonly event: "loaded" | "replaced" | "unloaded"; readonly model: string; readonly version: string }
  | {
      readonly event: "refused" | "not freed";
      readonly model: string;
      readonly version: string;
      readonly reason: string;
    }
  /** The changed folder could not be read, so the models stay as they were. */
  | { readonly event: "folder not read"; readonly reason: string };

/** State of a model, with the names of the Open Inference Protocol. */
export type ModelState = "READY" | "LOADING" | "UNLOADING" | "UNAVAILABLE";

/** A model of the repository index. */
export interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: ModelState;
  /** The reason why it is not ready, or why its newest file is not used. */
  readonly reason: string;
}

/** The state of one version in the folder. */
interface Version {
  source: FoundModel;
  loaded?: LoadedModel;
  state: ModelState;
  reason: string;
  /** Fingerprint of the last file that the server tried to load, with or without success. */
  tried?: string;
}

export class Repository {
  readonly #models = new Map<string, Map<string, Version>>();
  /** Models that a request has unloaded, until a request loads them. */
  readonly #unloaded = new Set<string>();
  #rejected: readonly Rejected[] = [];
  #watcher: FSWatcher | undefined;
  #syncing: Promise<void> = Promise.resolve();
  /** Models that are not served any more, until their last request is answered and their threads have ended. */
  readonly #retiring = new Set<Promise<void>>();
  #opened = false;
  #closed = false;

  constructor(readonly options: RepositoryOptions) {}

  /**
   * Loads the models of the folder.
   *
   * @throws the error of the file system if the folder cannot be read
   */
  async open(): Promise<void> {
    await this.sync();
    this.#opened = true;
  }

  /** Follows changes of the folder. */
  async watch(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    this.#watcher = watchFolder(this.options.folder, {
      ignoreInitial: true,
      depth: 2,
      // A file that is still being copied is not read yet.
      awaitWriteFinish: { stabilityThreshold: 200, pollInterval: 50 },
    });
    const unread = ({ message }: Error) => this.options.onEvent({ event: "folder not read", reason: message });
    const changed = () => {
      clearTimeout(timer);
      timer = setTimeout(() => void this.sync().catch(unread), 50);
    };
    this.#watcher.on("all", changed).on("error", changed);
    await new Promise<void>((resolve) => this.#watcher!.once("ready", () => resolve()));
  }

  /** Whether loading has ended and at least one model is ready. */
  get isReady(): boolean {
    return this.#opened && !this.#closed && this.loaded().length > 0;
  }

  /** Loaded versions, by name and version. */
  loaded(): LoadedModel[] {
    return [...this.#models.values()].flatMap((versions) =>
      [...versions.values()].flatMap(({ loaded }) => (loaded === undefined ? [] : [loaded])),
    );
  }

  /** Ready versions of a model, in ascending order. */
  versionsOf(name: string): LoadedModel[] {
    return [...(this.#models.get(name)?.values() ?? [])]
      .flatMap(({ loaded }) => (loaded === undefined ? [] : [loaded]))
      .sort((a, b) => Number(a.version) - Number(b.version));
  }

  /** Name of the model that `default` means. */
  get defaultName(): string | undefined {
    return (
      this.options.defaultModel ?? [...this.#models.keys()].filter((name) => this.versionsOf(name).length > 0).sort()[0]
    );
  }

  /**
   * A loaded model: the given version, or the highest one. `default` is the default model if no other has that name.
   * @throws {ServerError} if there is no such model or version, or if it is not ready
   */
  get(name: string, version?: string): LoadedModel {
    const known = name === "default" && !this.#models.has(name) ? (this.defaultName ?? name) : name;
    const versions = this.#models.get(known);
    if (versions === undefined) throw this.unknown(`There is no model ${JSON.stringify(known)}.`);
    const ready = this.versionsOf(known);
    if (version === undefined || version === "") {
      const latest = ready.at(-1);
      if (latest === undefined) throw notReady(known, [...versions.values()].at(-1)!);
      return latest;
    }
    const entry = versions.get(version);
    if (entry === undefined)
      throw new ServerError("unknown-version", `The model "${known}" has no version ${JSON.stringify(version)}.`, {
        action: `Use ${ready.map((each) => each.version).join(" or ") || "another model"}, or leave the version out.`,
      });
    if (entry.loaded === undefined) throw notReady(known, entry);
    return entry.loaded;
  }

  /** All models in the folder, loaded or not. */
  index(): IndexEntry[] {
    const entries = [...this.#models].flatMap(([name, versions]) =>
      [...versions].map(([version, { state, reason }]) => ({ name, version, state, reason })),
    );
    const rejected = this.#rejected.map((each) => ({ ...each, state: "UNAVAILABLE" as const }));
    return [...entries, ...rejected].sort((a, b) =>
      a.name < b.name ? -1 : a.name > b.name ? 1 : Number(a.version) - Number(b.version),
    );
  }

  /**
   * Loads a model that was unloaded, or tries its file again.
   *
   * @throws {ServerError} if there is no such model, or if it cannot be loaded
   */
  async load(name: string): Promise<void> {
    this.#unloaded.delete(name);
    for (const entry of this.#models.get(name)?.values() ?? []) delete entry.tried;
    await this.sync();
    const versions = this.#models.get(name);
    if (versions === undefined) throw this.unknown(`There is no model ${JSON.stringify(name)}.`);
    const failed = [...versions.values()].find(({ reason }) => reason !== "");
    if (failed !== undefined && failed.reason !== NOT_SELECTED)
      throw new ServerError("load-failed", `The model "${name}" could not be loaded: ${failed.reason}`, {
        action: "Replace the file and load it again.",
      });
  }

  /**
   * Unloads all versions of a model, after their present requests.
   *
   * @throws {ServerError} if there is no such model
   */
  async unload(name: string): Promise<void> {
    if (!this.#models.has(name)) throw this.unknown(`There is no model ${JSON.stringify(name)}.`);
    this.#unloaded.add(name);
    await this.sync();
  }

  /** Loads and unloads models as the folder requires; calls run one after the other. */
  sync(): Promise<void> {
    const next = this.#syncing.catch(() => {}).then(() => this.#sync());
    this.#syncing = next;
    return next;
  }

  /** Frees all models, including those that were replaced or unloaded and still have requests. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#watcher?.close();
    await this.#syncing.catch(() => {});
    for (const model of this.loaded()) this.#retire(model);
    await Promise.all(this.#retiring);
    this.#models.clear();
  }

  async #sync(): Promise<void> {
    if (this.#closed) return;
    const { found, rejected } = await scanFolder(this.options.folder);
    this.#rejected = rejected;
    // All models are registered before the first is loaded, so that a request learns that its model is not loaded yet.
    for (const source of found) this.#register(source);
    for (const name of new Set([...this.#models.keys(), ...found.map((each) => each.name)]))
      await this.#syncModel(
        name,
        found.filter((each) => each.name === name),
      );
  }

  async #syncModel(name: string, found: readonly FoundModel[]): Promise<void> {
    const versions = this.#models.get(name) ?? new Map<string, Version>();
    const onDisk = new Set(found.map(({ version }) => version));
    // Versions are tried from the highest: an older one is loaded only if no newer one can be. Unwanted versions are
    // unloaded last, so that a version whose file was removed serves until its successor is ready.
    const unwanted: Version[] = [];
    let serves = false;
    for (const version of [...versions.keys()].sort((a, b) => Number(b) - Number(a))) {
      const entry = versions.get(version)!;
      const isWanted =
        onDisk.has(version) && !this.#unloaded.has(name) && !(serves && this.options.versions === "latest");
      if (isWanted) {
        await this.#load(entry);
        serves ||= entry.loaded !== undefined;
      } else unwanted.push(entry);
    }
    for (const entry of unwanted) {
      await this.#drop(entry, this.#unloaded.has(name) ? "unloaded on request" : NOT_SELECTED);
      if (!onDisk.has(entry.source.version)) versions.delete(entry.source.version);
    }
    if (versions.size === 0) this.#models.delete(name);
  }

  #register(source: FoundModel): void {
    const versions = this.#models.get(source.name) ?? new Map<string, Version>();
    this.#models.set(source.name, versions);
    const entry = versions.get(source.version);
    if (entry === undefined) versions.set(source.version, { source, state: "LOADING", reason: "" });
    else entry.source = source;
  }

  /**
   * Loads a changed file. The former content is served until the new one is warm, and continues to be served if the new one is
   * damaged.
   */
  async #load(entry: Version): Promise<void> {
    const { source } = entry;
    if (entry.tried === source.fingerprint) return;
    entry.tried = source.fingerprint;
    const former = entry.loaded;
    if (former === undefined) {
      entry.state = "LOADING";
      entry.reason = "";
    }
    try {
      entry.loaded = await LoadedModel.open(source, this.options, former?.statistics);
      entry.state = "READY";
      entry.reason = "";
      this.#tell(former === undefined ? "loaded" : "replaced", source);
      if (former !== undefined) this.#retire(former);
    } catch (error) {
      const reason = (error as Error).message;
      entry.state = former === undefined ? "UNAVAILABLE" : "READY";
      entry.reason =
        former === undefined
          ? reason
          : `the file was replaced by one that cannot be loaded, so its former content is still served: ${reason}`;
      this.options.onEvent({ event: "refused", model: source.name, version: source.version, reason });
    }
  }

  async #drop(entry: Version, reason: string): Promise<void> {
    const { loaded } = entry;
    delete entry.tried;
    delete entry.loaded;
    entry.reason = reason;
    entry.state = "UNAVAILABLE";
    if (loaded === undefined) return;
    this.#tell("unloaded", entry.source);
    this.#retire(loaded);
  }

  #retire(model: LoadedModel): void {
    const { name, version } = model;
    const freed = model
      .retire()
      .catch(({ message: reason }: Error) => this.options.onEvent({ event: "not freed", model: name, version, reason }))
      .finally(() => this.#retiring.delete(freed));
    this.#retiring.add(freed);
  }

  #tell(event: "loaded" | "replaced" | "unloaded", { name, version }: FoundModel): void {
    this.options.onEvent({ event, model: name, version });
  }

  /** The error for an unknown model. Until the folder has been loaded, the model may still appear. */
  unknown(message: string, action = `The server has ${listed([...this.#models.keys()].sort())}.`): ServerError {
    if (this.#opened) return new ServerError("unknown-model", message, { action });
    return new ServerError("model-not-ready", "The server has just been started and is loading its models.", {
      action: "Try again in a few seconds.",
    });
  }
}

/** Reason for a version that the setting `versions` leaves out. */
const NOT_SELECTED = "a higher version serves";

const listed = (names: readonly string[]): string =>
  names.length > 8 ? `${names.slice(0, 8).join(", ")} and ${names.length - 8} more` : names.join(", ") || "no models";

const notReady = (name: string, { state, reason }: Version): ServerError =>
  new ServerError(
    "model-not-ready",
    `The model "${name}" is not ready (${state.toLowerCase()}${reason && `: ${reason}`}).`,
    {
      action: "Try again later, or see POST /v2/repository/index.",
    },
  );
