/** @file Starts and stops a server. */

import type { AddressInfo } from "node:net";
import { Server as NetServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import { Scheduler } from "./compute/scheduler.js";
import { isReady, type ServerContext } from "./context.js";
import { type GrpcServer, startGrpc } from "./grpc/service.js";
import { createApp } from "./http/app.js";
import { ImageMemory } from "./inference/images.js";
import { Inference } from "./inference/inference.js";
import { Metrics } from "./metrics.js";
import { Repository } from "./models/repository.js";
import { type ServerOptions, settingsOf } from "./options.js";

/** A server that listens. Its models may still be loading. */
export interface RunningServer {
  /** Address of the page and the HTTP protocols, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly port: number;
  readonly grpcPort?: number;
  readonly repository: Repository;
  /** Whether models are loaded and warm. */
  readonly isReady: boolean;
  /** Answers the accepted requests, then stops. */
  close(): Promise<void>;
}

/** For tests: the script of the threads that compute. */
export interface InternalOptions {
  readonly script?: string;
}

/**
 * Loads the models of a folder and serves them.
 *
 * @throws {InputError} if an option is out of range
 * @throws {Error} of the system if the folder cannot be read or the port cannot be used
 */
export async function startServer(options: ServerOptions, internal: InternalOptions = {}): Promise<RunningServer> {
  const settings = settingsOf(options);
  const scheduler = new Scheduler(settings);
  let app: FastifyInstance | undefined;
  const metrics = new Metrics(() =>
    repository.loaded().map(({ name, version, queue }) => ({ name, version, images: queue.admitted })),
  );
  const repository: Repository = new Repository({
    ...settings,
    ...internal,
    folder: settings.models,
    scheduler,
    onBatch: (model, images) => metrics.ran(model, images),
    onEvent: (event) =>
      app?.log["reason" in event ? "warn" : "info"](event, "model" in event ? `model ${event.event}` : event.event),
  });
  const inference = new Inference(scheduler, new ImageMemory(settings), metrics);
  const context: ServerContext = { settings, repository, scheduler, inference, metrics, draining: false };
  app = await createApp(context);
  // Probes are answered while models load: the server is live, but not ready.
  await app.listen({ host: settings.host, port: settings.port });
  let grpc: GrpcServer | undefined;
  try {
    if (settings.grpcPort !== undefined) grpc = await startGrpc(context, settings.host, settings.grpcPort);
    await repository.open();
    if (settings.watch) await repository.watch();
  } catch (error) {
    await grpc?.close(0);
    await app.close();
    await repository.close();
    throw error;
  }
  const { port } = app.server.address() as AddressInfo;
  const running = app;
  let closing: Promise<void> | undefined;
  return {
    url: `http://${settings.host.includes(":") ? `[${settings.host}]` : settings.host}:${port}`,
    port,
    ...(grpc === undefined ? {} : { grpcPort: grpc.port }),
    repository,
    get isReady() {
      return isReady(context);
    },
    close() {
      closing ??= stop(running, grpc, context);
      return closing;
    },
  };
}

/**
 * Stops the server: reports that it is not ready, waits for load balancers to notice, accepts no new connections, and closes
 * each connection after its next answer.
 */
async function stop(app: FastifyInstance, grpc: GrpcServer | undefined, context: ServerContext): Promise<void> {
  const { drainDelay, shutdownTimeout } = context.settings;
  context.draining = true;
  app.log.info("stopping: answering what was accepted");
  if (drainDelay > 0) await sleep(drainDelay);
  const deadline = performance.now() + shutdownTimeout;
  const calls = grpc?.close(shutdownTimeout);
  // Only the listening ends here: HTTP's own close would also cut connections on which a request may just be arriving.
  NetServer.prototype.close.call(app.server);
  const connections = () => new Promise<number>((resolve) => app.server.getConnections((_, count) => resolve(count)));
  for (let idle = 0; idle < IDLE_LOOKS && performance.now() < deadline && (await connections()) > 0; idle++) {
    if (context.scheduler.admitted > 0) idle = 0;
    await sleep(20);
  }
  const cut = setTimeout(() => app.server.closeAllConnections(), Math.max(0, deadline - performance.now()));
  await calls;
  await app.close();
  clearTimeout(cut);
  await context.repository.close();
}

/**
 * Number of checks, 20 ms apart, that must find no running request before idle connections are closed, because a
 * request may be arriving. Checks are counted rather than time, because arrivals are read between two checks even if
 * the machine stood still.
 */
const IDLE_LOOKS = 25;
