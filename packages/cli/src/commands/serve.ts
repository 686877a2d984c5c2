/** @file `subbyte serve` serves the models of a folder over HTTP and gRPC until it is stopped. */

import { setFlagsFromString } from "node:v8";
import type { ServerOptions } from "@subbyte/server";
import { UsageError } from "@subbyte/toolkit/errors";
import { parseOptions, type TaskOptions } from "@subbyte/toolkit/options";
import { defineCommand } from "../command.js";

export const serve = defineCommand("serve", {
  examples: [
    "serve models",
    "serve models --port 0 --log-level warn",
    'serve models --host 0.0.0.0 --grpc-port 8081 --workers 4 --token "$TOKEN"',
  ],
  run: async (input, { context: { signal }, deliver }) => {
    const { startServer } = await serverPackage();
    const options = parseOptions("serve", input);
    keepMemoryFlat();
    const server = await startServer(serverOptions(options)).catch((error: unknown) => {
      throw explained(error, options);
    });
    const { url, port, grpcPort } = server;
    const models = server.repository.loaded().map(({ name }) => name);
    const grpc = grpcPort === undefined ? "" : `, gRPC on port ${grpcPort}`;
    const listed = models.length === 0 ? "no model yet" : models.join(", ");
    await deliver({ url, port, grpcPort, models }, `${url}${grpc}: ${listed}. Ctrl-C stops.`);
    await new Promise<void>((resolve) => {
      if (signal?.aborted ?? false) resolve();
      signal?.addEventListener("abort", () => resolve(), { once: true });
    });
    await server.close();
  },
});

/**
 * Lets the heap grow by a quarter between full garbage collections. V8 lets a small heap grow fourfold: under load a server's memory
 * then rises and falls by a third, and whoever sets a container's limit has to guess the peak. Most of a collection runs in parallel to
 * the program.
 */
const keepMemoryFlat = (): void => setFlagsFromString("--heap-growing-percent=25");

/** Loads the server, which is optional because it takes more than 20 MB with gRPC, HTTP and its API pages. */
async function serverPackage(): Promise<typeof import("@subbyte/server")> {
  try {
    return await import("@subbyte/server");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new UsageError(
      "not-installed",
      { package: "@subbyte/server" },
      'The server is a package of its own, and so is its page. Install both with "npm install @subbyte/server @subbyte/web", and run the command again.',
      { cause: error },
    );
  }
}

/** Converts the command's options to those of the server. */
export function serverOptions(options: TaskOptions<"serve">): ServerOptions {
  const { apiOnly, ignoreChanges, logLevel, modelTypes, batchDelay, maxBody, requestTimeout, ...others } = options;
  const { drainDelay, shutdownTimeout, token: given, ...same } = others;
  const token = given ?? (process.env.SUBBYTE_TOKEN || undefined);
  return {
    ...same,
    maxBatchDelay: batchDelay,
    maxBodyBytes: maxBody,
    requestTimeout: 1000 * requestTimeout,
    drainDelay: 1000 * drainDelay,
    shutdownTimeout: 1000 * shutdownTimeout,
    watch: !ignoreChanges,
    log: logLevel === "silent" ? false : { level: logLevel, stream: process.stderr },
    ...(modelTypes === undefined
      ? {}
      : { modelTypes: Object.fromEntries(modelTypes.map((each) => each.split(/=(.*)/))) }),
    ...(token === undefined ? {} : { token }),
    ...(apiOnly ? { page: false } : {}),
  };
}

/** Explains an error of the system about an address in terms of options. */
function explained(error: unknown, { host, port, grpcPort }: TaskOptions<"serve">): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE" || message.startsWith("No address added")) {
    const taken = grpcPort === undefined ? `port ${port}` : `port ${port} or ${grpcPort}`;
    return new UsageError(
      "option-value",
      { option: "port", value: port, expected: "a free port" },
      `${taken} of ${host} is taken by another program. Choose another with \`port\` or \`grpcPort\`; 0 takes any free one.`,
      { cause: error },
    );
  }
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return new UsageError(
      "option-value",
      { option: "host", value: host, expected: "an address of this machine" },
      `${host} is no address of this machine. Give \`host\` 127.0.0.1, or 0.0.0.0 for all.`,
      { cause: error },
    );
  return error;
}
