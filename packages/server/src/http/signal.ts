/** @file Aborts the work for a request if the client has left or has waited too long. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ServerError } from "../errors.js";

declare module "fastify" {
  interface FastifyRequest {
    /** Aborted with a {@link ServerError} if the client leaves or the request takes too long. */
    abortSignal: AbortSignal;
  }
}

export function addRequestSignals(app: FastifyInstance, timeout: number): void {
  app.decorateRequest("abortSignal");
  app.addHook("onRequest", async (request: FastifyRequest, reply: FastifyReply) => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(timedOut(timeout)), timeout);

    request.abortSignal = controller.signal;
    reply.raw.once("close", () => {
      clearTimeout(timer);
      if (!reply.raw.writableFinished) controller.abort(clientClosed());
    });
  });
}

export const timedOut = (milliseconds: number): ServerError =>
  new ServerError("request-timeout", `The request was not answered within ${milliseconds / 1000} s.`, {
    action: "Try again later, or send fewer images at once.",
  });

export const clientClosed = (): ServerError =>
  new ServerError("client-closed", "The client closed the connection.", { action: "Nothing was lost but the answer." });
