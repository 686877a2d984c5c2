/** @file The routes for operators of the server: metrics, and the description of the API. */

import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import { SERVER_VERSION, type ServerContext } from "../context.js";
import { withBodies } from "./openapi.js";

export function addMetricsRoute(app: FastifyInstance, { metrics }: ServerContext): void {
  app.get("/metrics", { schema: { hide: true } }, async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
}

/**
 * Adds `/docs` and `/docs/json`. Call it before the routes are registered, because it describes only routes that
 * follow.
 */
export async function addApiDescription(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.0.3",
      info: {
        title: "Subbyte",
        description: "Classifies images and runs tensors with 8…2-bit and float models.",
        version: SERVER_VERSION,
        license: { name: "Apache-2.0" },
      },
      components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
    },
    transformObject: (document) => {
      if ("openapiObject" in document) {
        withBodies(document.openapiObject);
        return document.openapiObject;
      }
      return document.swaggerObject;
    },
  });
  await app.register(swaggerUi, { routePrefix: "/docs", staticCSP: false });
}
