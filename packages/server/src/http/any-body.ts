/**
 * @file Bodies of any content type as bytes, for routes that report a wrong content type in the form of their protocol.
 */

import type { FastifyInstance } from "fastify";

/** Gives the routes of a plugin their bodies as a `Buffer`, whatever the content type says; undefined if there is none. */
export function acceptAnyBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
}
