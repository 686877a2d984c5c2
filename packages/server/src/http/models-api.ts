/** @file The routes for the page: the models with all facts, and their files by content hash. */

import type { FastifyPluginAsync } from "fastify";
import type { ServerContext } from "../context.js";
import { ServerError } from "../errors.js";
import type { LoadedModel } from "../models/loaded-model.js";

/** Number of digits of the hash in a file's name. */
const HASH_DIGITS = 16;

/** The content at an address with a hash never changes. */
const IMMUTABLE = "public, max-age=31536000, immutable";

export const modelsRoutes: FastifyPluginAsync<{ context: ServerContext }> = async (app, { context }) => {
  const { repository } = context;
  app.get("/api/models", async () => ({
    models: repository.loaded().map((model) => describeModel(model, repository.defaultName)),
    problems: repository.index().filter(({ reason, state }) => reason !== "" && state !== "UNLOADING"),
  }));

  app.get<{ Params: { readonly file: string } }>("/models/:file", async ({ params: { file }, headers }, reply) => {
    const model = repository.loaded().find((each) => fileNames(each).includes(file));
    if (model === undefined)
      throw new ServerError("unknown-model", `There is no model file ${JSON.stringify(file)}.`, {
        action: "GET /api/models lists the files.",
      });
    const etag = `"${model.sha256}"`;
    const isHashed = file === fileNames(model)[0];
    reply.header("etag", etag).header("cache-control", isHashed ? IMMUTABLE : "no-cache");
    if (headers["if-none-match"] === etag) return reply.code(304).send();
    return reply.type("application/octet-stream").send(Buffer.from(model.content.buffer as ArrayBuffer));
  });
};

/** The names under which a model's file can be fetched: one with its content hash, and one without for each version. */
function fileNames({ name, version, sha256, description }: LoadedModel): readonly [string, string, ...string[]] {
  const end = description.kind;
  const plain = version === "1" ? [`${name}.${end}`] : [];
  return [`${name}.${sha256.slice(0, HASH_DIGITS)}.${end}`, `${name}.v${version}.${end}`, ...plain];
}

function describeModel(model: LoadedModel, defaultName: string | undefined) {
  const { kind, bits, weightBits, accuracy, classifier, multiplyAdds, parameters, peakBytes, provenance } =
    model.description;
  return {
    name: model.name,
    version: model.version,
    isDefault: model.name === defaultName,
    kind,
    bits,
    weightBits,
    bytes: model.content.length,
    sha256: model.sha256,
    url: `/models/${fileNames(model)[0]}`,
    classes: classifier?.classes ?? null,
    labels: classifier?.labels ?? null,
    preprocessing: classifier?.preprocessing ?? null,
    accuracy,
    multiplyAdds: multiplyAdds ?? null,
    parameters: parameters ?? null,
    peakBytes: peakBytes ?? null,
    provenance: provenance ?? null,
  };
}
