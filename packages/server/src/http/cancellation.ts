/** @file Cancels the work for a request when the client has left or has waited too long. */

import type { FastifyInstance } from "fastify";
import { Cancellation, clientClosed } from "../cancellation.js";

declare module "fastify" {
  interface FastifyRequest {
    /** Cancelled when the client leaves or the request takes too long. */
    cancellation: Cancellation;
  }
}

export function addCancellation(app: FastifyInstance, timeout: number): void {
  app.decorateRequest("cancellation");
  app.addHook("onRequest", (request, reply, done) => {
    const cancellation = new Cancellation(timeout);
    request.cancellation = cancellation;
    reply.raw.once("close", () => {
      if (reply.raw.writableFinished) cancellation.end();
      else cancellation.cancel(clientClosed());
    });
    done();
  });
}
