/** @file The Open Inference Protocol v2 over HTTP, with Triton's extensions for binary tensors, statistics and the repository. */

import type { FastifyPluginAsync } from "fastify";
import { EXTENSIONS, isReady, SERVER_NAME, SERVER_VERSION, type ServerContext } from "../../context.js";
import { isModelReady, type ModelParams, metadata } from "../../inference/model-status.js";
import type { LoadedModel } from "../../models/loaded-model.js";
import { acceptAnyBody } from "../any-body.js";
import { parseObject } from "../parse-object.js";
import { inferRoutes } from "./infer.js";

const MODEL = ["/v2/models/:name", "/v2/models/:name/versions/:version"] as const;
const isPublic = { config: { isPublic: true } };

export const openInferenceRoutes: FastifyPluginAsync<{ context: ServerContext }> = async (app, { context }) => {
  const { repository } = context;
  // Bodies are JSON whatever their content type says, or JSON with binary tensors behind it.
  acceptAnyBody(app);

  app.get("/v2", async () => ({ name: SERVER_NAME, version: SERVER_VERSION, extensions: EXTENSIONS }));
  app.get("/v2/health/live", isPublic, async () => ({ live: true }));
  app.get("/v2/health/ready", isPublic, async (_request, reply) => {
    const ready = isReady(context);
    return reply.code(ready ? 200 : 503).send({ live: true, ready });
  });
  app.get("/v2/models/stats", async () => ({ model_stats: repository.loaded().map(statistics) }));

  for (const url of MODEL) {
    app.get<{ Params: ModelParams }>(url, async ({ params }) => metadata(context, params));
    app.get<{ Params: ModelParams }>(`${url}/ready`, async ({ params }, reply) => {
      const ready = isModelReady(context, params);
      return reply.code(ready ? 200 : 503).send({ name: params.name, ready });
    });
    app.get<{ Params: ModelParams }>(`${url}/stats`, async ({ params: { name, version } }) => {
      const model = repository.get(name, version);
      const models = version === undefined ? repository.versionsOf(model.name) : [model];
      return { model_stats: models.map(statistics) };
    });
  }

  app.post("/v2/repository/index", async ({ body }) => {
    const { ready = false } = optionalObject(body);
    return repository.index().filter(({ state }) => ready !== true || state === "READY");
  });
  app.post<{ Params: ModelParams }>("/v2/repository/models/:name/load", async ({ params, body }) => {
    optionalObject(body);
    await repository.load(params.name);
    return {};
  });
  app.post<{ Params: ModelParams }>("/v2/repository/models/:name/unload", async ({ params, body }) => {
    optionalObject(body);
    await repository.unload(params.name);
    return {};
  });
  await app.register(inferRoutes, { context });
};

const statistics = (model: LoadedModel) => ({
  name: model.name,
  version: model.version,
  ...model.statistics.toJSON(),
});

/** The object in a body; an empty object if the body is empty. */
function optionalObject(body: unknown): Readonly<Record<string, unknown>> {
  if (body === undefined || (body as Buffer).length === 0) return {};
  return parseObject(body as Buffer);
}
