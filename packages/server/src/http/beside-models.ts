/**
 * @file Files beside the models that the page reads: a list, descriptions of float files, files for LiteRT.js,
 * sample pictures.
 */

import { resolve } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyPluginAsync } from "fastify";
import type { ServerContext } from "../context.js";

type Named = { readonly Params: { readonly file: string } };

// A name begins with a letter or a digit, so it can name neither a file outside the folder nor a hidden file.
const files = "/models/:file(^[A-Za-z0-9][\\w.-]*\\.(?:json|tflite)$)";
const samples = "/models/samples/:file(^[A-Za-z0-9][\\w.-]*\\.(?:png|jpg|jpeg|webp)$)";

export const besideModelsRoutes: FastifyPluginAsync<{ context: ServerContext }> = async (app, { context }) => {
  await app.register(fastifyStatic, { root: resolve(context.settings.models), serve: false, cacheControl: false });
  app.get<Named>(files, ({ params: { file } }, reply) => reply.header("cache-control", "no-cache").sendFile(file));
  app.get<Named>(samples, ({ params: { file } }, reply) =>
    reply.header("cache-control", "no-cache").sendFile(`samples/${file}`),
  );
};
