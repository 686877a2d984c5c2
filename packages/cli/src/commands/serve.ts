/** @file `subbyte serve`: models of a folder over HTTP and gRPC, until it is told to stop. */

import { UsageError } from "@subbyte/toolkit";
import { Command, InvalidArgumentError } from "commander";
import { type CommonOptions, decimal, integer } from "../options.js";

interface Options extends CommonOptions {
  readonly host?: string;
  readonly port?: number;
  readonly grpcPort: number;
  readonly grpc: boolean;
  readonly workers?: number;
  readonly maxBatch?: number;
  readonly batchDelay?: number;
  readonly maxQueue?: number;
  readonly maxWait?: number;
  readonly timeout?: number;
  readonly maxBodyMb?: number;
  readonly maxImages?: number;
  readonly maxMegapixels?: number;
  readonly defaultModel?: string;
  readonly modelType?: Readonly<Record<number, string>>;
  readonly versions?: "latest" | "all";
  readonly watch: boolean;
  readonly cors?: readonly string[];
  readonly token?: string;
  readonly page: boolean;
  readonly drainDelay?: number;
  readonly shutdownTimeout?: number;
  readonly logLevel: string;
}

export function serveCommand(signal: AbortSignal): Command {
  return new Command("serve")
    .description("Serves the models of a folder over HTTP and gRPC, with a page that classifies and compares.")
    .argument("<folder>", "folder of NAME.sbq, NAME.onnx or NAME/VERSION/model.sbq; changes take effect at once")
    .option("--host <address>", "address to listen on; 0.0.0.0 for other machines (default: 127.0.0.1)")
    .option("--port <number>", "port of the page and the HTTP protocols (default: 8080)", integer(0))
    .option("--grpc-port <number>", "port of gRPC", integer(0), 8081)
    .option("--no-grpc", "no gRPC")
    .option("--workers <count>", "threads that compute (default: cores less one)", integer())
    .option("--max-batch <images>", "images that share a run at most (default: 8)", integer())
    .option("--batch-delay <ms>", "time that an image waits for others to share its run (default: 0)", decimal(0))
    .option("--max-queue <images>", "images in the server at most, beyond 429 (default: 128)", integer())
    .option("--max-wait <ms>", "expected wait beyond which a request gets 429 (default: 1000)", decimal(0))
    .option("--timeout <seconds>", "time for a request and its answer (default: 30)", decimal(0))
    .option("--max-body-mb <number>", "megabytes of a request at most (default: 32)", decimal(0))
    .option("--max-images <count>", "images of a request at most (default: 64)", integer())
    .option("--max-megapixels <number>", "megapixels of an image at most (default: 50)", decimal(0))
    .option("--default-model <name>", 'what "default" and a request without a model mean (default: the first by name)')
    .option("--model-type <bits=name,…>", "models by bit width for POST /classify with model_type", modelTypes)
    .option("--versions <latest|all>", "versions of a model to load (default: latest)", versions)
    .option("--no-watch", "load once, ignore later changes of the folder")
    .option("--cors <origins>", "origins that browsers may call from, by commas (default: none)", origins)
    .option("--token <token>", "bearer token to require, also as SUBBYTE_TOKEN in the environment")
    .option("--no-page", "no page")
    .option(
      "--drain-delay <seconds>",
      "time between the signal to stop and refusing connections (default: 0)",
      decimal(0),
    )
    .option("--shutdown-timeout <seconds>", "time for accepted requests after it (default: 30)", decimal(0))
    .option("--log-level <level>", "trace, debug, info, warn, error or silent; JSON lines on stderr", "info")
    .action((folder: string, options: Options) => run(folder, options, signal))
    .addHelpText(
      "after",
      `
Examples:
  subbyte serve models
  subbyte serve models --port 0 --no-grpc --log-level warn
  subbyte serve models --host 0.0.0.0 --workers 4 --token "$TOKEN"

  curl -F images=@photo.jpg -F model=resnet20-w4 http://127.0.0.1:8080/classify`,
    );
}

function modelTypes(text: string): Readonly<Record<number, string>> {
  const entries = text.split(",").map((each) => each.split("="));
  if (!entries.every(([bits, name]) => /^\d+$/.test(bits!) && name))
    throw new InvalidArgumentError("it takes bit widths and names, e.g. 32=float,4=resnet20-w4.");
  return Object.fromEntries(entries);
}

function versions(text: string): "latest" | "all" {
  if (text !== "latest" && text !== "all") throw new InvalidArgumentError("it takes latest or all.");
  return text;
}

const origins = (text: string): readonly string[] => text.split(",").filter((origin) => origin !== "");

async function run(folder: string, options: Options, signal: AbortSignal): Promise<void> {
  // Late, so that other commands start without Fastify and gRPC.
  const { startServer } = await import("@subbyte/server");
  const { grpc, grpcPort, page, logLevel, quiet, timeout, maxBodyMb, maxMegapixels, batchDelay, modelType, json } =
    options;
  const token = options.token ?? (process.env.SUBBYTE_TOKEN || undefined);
  const server = await startServer({
    models: folder,
    ...pick(options, [
      "host",
      "port",
      "workers",
      "maxBatch",
      "maxQueue",
      "maxWait",
      "maxImages",
      "defaultModel",
      "versions",
      "watch",
      "cors",
    ]),
    ...(grpc ? { grpcPort } : {}),
    ...(batchDelay === undefined ? {} : { maxBatchDelay: batchDelay }),
    ...(timeout === undefined ? {} : { requestTimeout: 1000 * timeout }),
    ...(maxBodyMb === undefined ? {} : { maxBodyBytes: Math.round(1e6 * maxBodyMb) }),
    ...(maxMegapixels === undefined ? {} : { maxPixels: Math.round(1e6 * maxMegapixels) }),
    ...(modelType === undefined ? {} : { modelTypes: modelType }),
    ...(token === undefined ? {} : { token }),
    ...(page ? {} : { page: false }),
    ...(options.drainDelay === undefined ? {} : { drainDelay: 1000 * options.drainDelay }),
    ...(options.shutdownTimeout === undefined ? {} : { shutdownTimeout: 1000 * options.shutdownTimeout }),
    log: quiet || logLevel === "silent" ? false : { level: logLevel, stream: process.stderr },
  }).catch((error: unknown) => {
    throw explained(error, options);
  });
  const names = server.repository.loaded().map(({ name }) => name);
  const grpcText = server.grpcPort === undefined ? "" : `, gRPC on port ${server.grpcPort}`;
  process.stdout.write(
    json
      ? `${JSON.stringify({ url: server.url, port: server.port, grpcPort: server.grpcPort, models: names })}\n`
      : `${server.url}${grpcText}: ${names.length === 0 ? "no model yet" : names.join(", ")}. Ctrl-C stops.\n`,
  );
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await server.close();
}

/** The entries that are set. */
function pick<T extends object, K extends keyof T>(
  options: T,
  keys: readonly K[],
): { [P in K]?: Exclude<T[P], undefined> } {
  return Object.fromEntries(
    keys.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]),
  ) as never;
}

/** What the system and the server say, in terms of options. */
function explained(error: unknown, { host = "127.0.0.1", port = 8080, grpcPort }: Options): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE" || /No address added|EADDRINUSE/.test(message))
    return new UsageError(
      `${host}: port ${port}, or ${grpcPort} for gRPC, is taken by another program. Choose others with --port and --grpc-port; 0 takes any free one.`,
      { cause: error },
    );
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return new UsageError(`${host} is no address of this machine. Use --host 127.0.0.1 or 0.0.0.0.`, { cause: error });
  if (error instanceof RangeError) return new UsageError(message, { cause: error });
  return error;
}
