/** @file The HTTP application: plugins, hooks and the routes of every protocol. */

import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import bearerAuth from "@fastify/bearer-auth";
import cors from "@fastify/cors";
import Fastify, { type FastifyInstance, LogController } from "fastify";
import type { ServerContext } from "../context.js";
import { unauthorized } from "../token.js";
import { besideModelsRoutes } from "./beside-models.js";
import { addCancellation } from "./cancellation.js";
import { classifyRoute } from "./classify.js";
import { addErrorHandlers, answerClientError, sendError } from "./errors.js";
import { modelsRoutes } from "./models-api.js";
import { addApiDescription, addMetricsRoute } from "./operations.js";
import { findPage, pageRoutes } from "./page.js";
import { addSecurityHeaders } from "./security-headers.js";
import { onnxRuntimeServerRoutes } from "./v1.js";
import { openInferenceRoutes } from "./v2/index.js";

/** Ids that clients may choose: short and printable, for logs and headers. */
const legalId = /^[\x21-\x7e]{1,128}$/;

export async function createApp(context: ServerContext): Promise<FastifyInstance> {
  const { settings, metrics } = context;
  const app = Fastify({
    logger: settings.log === false ? false : { level: "info", ...settings.log },
    // One line for each request, written below.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    requestIdHeader: false,
    bodyLimit: settings.maxBodyBytes,
    requestTimeout: settings.requestTimeout,
    http: {
      // Node limits the time for bodies by the larger of this and `requestTimeout`.
      headersTimeout: settings.requestTimeout,
      connectionsCheckingInterval: Math.min(1000, settings.requestTimeout),
    },
    forceCloseConnections: "idle",
    // Requests that have arrived when the server stops are still answered.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: true },
    clientErrorHandler: (error, socket) => answerClientError(error, socket),
    frameworkErrors: (error, request, reply) => void sendError(request as never, reply as never, error),
  });
  addErrorHandlers(app);
  addCancellation(app, settings.requestTimeout);
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
    if (context.draining) reply.header("connection", "close");
  });
  app.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "unknown";
    metrics.answered(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
    request.log.info(
      { method: request.method, url: request.url, route, status: reply.statusCode, ms: reply.elapsedTime },
      "answered",
    );
  });
  addSecurityHeaders(app, settings.cors.length > 0);
  if (settings.cors.length > 0)
    await app.register(cors, {
      origin: settings.cors.includes("*") ? "*" : [...settings.cors],
      exposedHeaders: ["x-request-id", "retry-after", "inference-header-content-length"],
    });
  await addApiDescription(app);
  await app.register(async (api) => {
    if (settings.token !== undefined) await requireToken(api, settings.token);
    await api.register(classifyRoute, { context });
    await api.register(openInferenceRoutes, { context });
    await api.register(onnxRuntimeServerRoutes, { context });
    await api.register(modelsRoutes, { context });
    await api.register(besideModelsRoutes, { context });
    addMetricsRoute(api, context);
  });
  const { page } = settings;
  if (page !== false) await app.register(pageRoutes, { folder: page ?? findPage() });
  return app;
}

/** The client's request id if it is valid, else a new one. */
function requestId({ headers }: IncomingMessage): string {
  const given = headers["x-request-id"] ?? headers["x-ms-client-request-id"];
  return typeof given === "string" && legalId.test(given) ? given : randomUUID();
}

async function requireToken(api: FastifyInstance, token: string): Promise<void> {
  await api.register(bearerAuth, {
    keys: new Set([token]),
    addHook: false,
    // A wrong token is the client's mistake, not the server's.
    verifyErrorLogLevel: "info",
  });
  api.addHook("onRequest", async (request, reply) => {
    if (request.routeOptions.config.isPublic) return;
    await new Promise<void>((resolve, reject) => {
      api.verifyBearerAuth!(request, reply, (error?: Error) =>
        error ? reject(unauthorized("header Authorization")) : resolve(),
      );
    });
  });
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** Whether clients may use the route without a token. */
    isPublic?: boolean;
  }
}
