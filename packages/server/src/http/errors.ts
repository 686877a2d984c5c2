/** @file Sends every failure as a JSON body with code, message and remedy. */

import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type ErrorBody, type ErrorCode, ServerError, toServerError } from "../errors.js";

/** Sends an error as JSON, in the form of the route's protocol. */
export function sendError(request: FastifyRequest, reply: FastifyReply, cause: unknown): FastifyReply {
  const error = toServerError(cause);
  if (error.status >= 500) request.log.error({ err: error.cause ?? error, code: error.code }, error.message);
  if (error.retryAfter !== undefined) reply.header("retry-after", String(error.retryAfter));
  if (error.code === "unauthorized") reply.header("www-authenticate", "Bearer");
  reply.removeHeader("inference-header-content-length");
  return reply.code(error.status).type("application/json; charset=utf-8").send(errorBody(request, error));
}

/** The routes of ONNX Runtime Server have their own fields in addition to ours. */
function errorBody(
  request: FastifyRequest,
  error: ServerError,
): ErrorBody & { error_code?: number; error_message?: string } {
  if (!/^\/(v1\/|score)/.test(request.url)) return error.body;
  return { ...error.body, error_code: error.status, error_message: error.body.error };
}

export function addErrorHandlers(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => sendError(request, reply, error));
  app.setNotFoundHandler((request, reply) =>
    sendError(
      request,
      reply,
      new ServerError("unknown-route", `There is no ${request.method} ${request.url.slice(0, 200)}.`, {
        action: "See /docs for the routes.",
      }),
    ),
  );
}

/** Faults of HTTP itself, before there is a request. */
const faultsOfHttp: Readonly<Record<string, readonly [ErrorCode, string, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ["body-timeout", "The request did not arrive in time.", "Send it faster, or in parts."],
  HPE_HEADER_OVERFLOW: ["header-too-large", "The request's headers are too large.", "Send fewer or shorter headers."],
};

/** Answers data that are not HTTP, and bodies that never end. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed || !socket.writable) {
    socket.destroy(error);
    return;
  }
  const [code, message, action] = faultsOfHttp[error.code ?? ""] ?? [
    "invalid-request",
    "The request is not HTTP/1.1.",
    "Send a well-formed request.",
  ];
  const { status, body } = new ServerError(code, message, { action });
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
  );
}
