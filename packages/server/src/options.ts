/** @file Options of the server and their defaults. */

import { availableParallelism } from "node:os";
import { InputError } from "@subbyte/engine";

/** The destination of the log. */
export interface LogOptions {
  /** Lowest level that is written, such as `"info"` or `"warn"`. */
  readonly level?: string;
  /** Receives the log instead of stdout. */
  readonly stream?: {
    /** Writes one line of JSON, with its line end. */
    write(line: string): void;
  };
}

/** Options of `startServer`. All but `models` have a default. */
export interface ServerOptions {
  /** Folder with the models: `NAME.sbq`, `NAME.onnx`, or `NAME/VERSION/model.sbq`. */
  readonly models: string;
  /** Address to listen on, by default 127.0.0.1: this machine only. */
  readonly host?: string;
  /** Port of the page and the HTTP protocols, 8080 by default; 0 takes any free port. */
  readonly port?: number;
  /** Port of the gRPC service; 0 takes any free port. Without it, there is no gRPC. */
  readonly grpcPort?: number;
  /** Number of threads that compute, per model. By default one less than the cores that this process may use. */
  readonly workers?: number;
  /** Most images per run of a model, 8 by default. */
  readonly maxBatch?: number;
  /**
   * Milliseconds that an image waits for others to share a run. 0 by default: only images that are already waiting form a
   * batch.
   */
  readonly maxBatchDelay?: number;
  /** Most images in the server, waiting or running; 128 by default. Further requests get status 429. */
  readonly maxQueue?: number;
  /**
   * Most milliseconds of expected waiting; a request that would wait longer gets status 429. 250 by default. With a short
   * queue, accepted requests are nearly as fast under overload as otherwise.
   */
  readonly maxWait?: number;
  /** Most milliseconds from a request's arrival to its answer, and for receiving its body; 30,000 by default. */
  readonly requestTimeout?: number;
  /** Most bytes of a request, 32 MB by default. */
  readonly maxBodyBytes?: number;
  /** Most images of a request, 64 by default. */
  readonly maxImages?: number;
  /** Most pixels of an image, 50 million by default. */
  readonly maxPixels?: number;
  /** Most bytes of decoded images in memory, 512 MiB by default; further images wait. */
  readonly maxDecodedBytes?: number;
  /** Most bytes that a model may take, 1 GiB by default. */
  readonly maxModelBytes?: number;
  /** The model that `default` means; by default the first by name. */
  readonly defaultModel?: string;
  /**
   * Name of the model for each bit width that a request to `/classify` may ask for by `model_type`; by default from the files'
   * bit widths.
   */
  readonly modelTypes?: Readonly<Record<number, string>>;
  /** Which versions of a model are loaded; `"latest"` by default. */
  readonly versions?: "latest" | "all";
  /** Whether changes of the folder are followed; true by default. */
  readonly watch?: boolean;
  /** Origins whose pages may call the API from a browser; none by default. */
  readonly cors?: readonly string[];
  /** Bearer token that the API requires; none by default. */
  readonly token?: string;
  /** Folder of the page's files; by default that of `@subbyte/web`, and `false` for none. */
  readonly page?: string | false;
  /**
   * Milliseconds for which the server accepts connections after the signal to stop, until load balancers have noticed;
   * 0 by default.
   */
  readonly drainDelay?: number;
  /** Most milliseconds that a stop waits for requests; 30,000 by default. */
  readonly shutdownTimeout?: number;
  /** The log; by default JSON lines on stdout, and false for none. */
  readonly log?: LogOptions | false;
}

export type Settings = Required<Omit<ServerOptions, "grpcPort" | "defaultModel" | "token" | "page" | "log">> &
  Pick<ServerOptions, "grpcPort" | "defaultModel" | "token" | "page" | "log">;

const MiB = 2 ** 20;

/** Options that must be positive integers. */
const counts = [
  "workers",
  "maxBatch",
  "maxQueue",
  "maxBodyBytes",
  "maxImages",
  "maxPixels",
  "maxDecodedBytes",
  "requestTimeout",
] as const;

/** @throws {InputError} if a number is out of range. */
export function settingsOf(options: ServerOptions): Settings {
  const settings: Settings = {
    host: "127.0.0.1",
    port: 8080,
    workers: Math.max(1, availableParallelism() - 1),
    maxBatch: 8,
    maxBatchDelay: 0,
    maxQueue: 128,
    maxWait: 250,
    requestTimeout: 30_000,
    maxBodyBytes: 32_000_000,
    maxImages: 64,
    maxPixels: 50e6,
    maxDecodedBytes: 512 * MiB,
    maxModelBytes: 1024 * MiB,
    modelTypes: {},
    versions: "latest",
    watch: true,
    cors: [],
    drainDelay: 0,
    shutdownTimeout: 30_000,
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
    models: options.models,
  };
  for (const name of counts)
    if (!(Number.isInteger(settings[name]) && settings[name] >= 1))
      throw outOfRange(name, "a positive integer", settings[name]);
  for (const name of ["maxBatchDelay", "maxWait", "drainDelay", "shutdownTimeout"] as const)
    if (!(settings[name] >= 0)) throw outOfRange(name, "a number of milliseconds", settings[name]);
  return settings;
}

const outOfRange = (name: string, expected: string, found: number): InputError =>
  new InputError(
    "engine-argument",
    { argument: name, expected, found: String(found) },
    `${name} must be ${expected}, is ${found}`,
  );
