/**
 * @file `POST /classify`: image files in a form, labels in JSON; a superset of what the page of Subbyte's predecessor
 * sends and reads.
 */

import type { FastifyPluginAsync, FastifyRequest } from "fastify";
import type { ServerContext } from "../context.js";
import { ServerError } from "../errors.js";
import type { EncodedImage } from "../inference/images.js";
import type { ImageOutcome } from "../inference/inference.js";
import { rankClasses } from "../inference/ranking.js";
import { chooseModel } from "../models/choose.js";
import type { LoadedModel } from "../models/loaded-model.js";
import { acceptAnyBody } from "./any-body.js";
import { type Form, readForm } from "./form.js";

const fieldNames = ["model", "version", "model_type", "top_k", "logits"] as const;

export const classifyRoute: FastifyPluginAsync<{ context: ServerContext }> = async (app, { context }) => {
  const { settings, repository, inference } = context;
  acceptAnyBody(app);
  const onRequest = async ({ headers }: FastifyRequest) => {
    context.scheduler.checkRoom();
    if (Number(headers["content-length"] ?? 0) > settings.maxBodyBytes) throw tooLarge(settings.maxBodyBytes);
  };
  app.post("/classify", { onRequest }, async (request) => {
    const { fields, images } = await imagesOf(request, settings.maxImages);
    const model = chooseModel(repository, fields, settings.modelTypes);
    const topK = integerField(fields, "top_k", 5, 1000);
    const wantsLogits = fields.get("logits") === "true";
    const outcomes = await inference.images(model, images, request.cancellation);
    return outcomes.map((outcome, i) => answer(model, images[i]!.name, outcome, topK, wantsLogits));
  });
};

async function imagesOf(
  { body, headers }: FastifyRequest,
  maxImages: number,
): Promise<{ readonly fields: Form["fields"]; readonly images: readonly EncodedImage[] }> {
  const contentType = headers["content-type"] ?? "";
  if (!/^multipart\/form-data\b/i.test(contentType))
    throw new ServerError("unsupported-media-type", "The body is not multipart/form-data.", { action: SEND_FILES });
  const { fields, files } = await readForm(contentType, (body as Buffer | undefined) ?? Buffer.alloc(0), maxImages);
  if (files.length === 0)
    throw new ServerError("invalid-request", "The form has no image files.", { action: SEND_FILES });
  for (const name of fields.keys())
    if (!(fieldNames as readonly string[]).includes(name))
      throw new ServerError("invalid-request", `The form has an unknown field ${JSON.stringify(name.slice(0, 80))}.`, {
        action: `Known fields are images, ${fieldNames.join(", ")}.`,
      });
  return { fields, images: files.map(({ filename, bytes }, i) => ({ name: nameOf(filename, i), bytes })) };
}

const SEND_FILES = 'Send image files as the form field "images", e.g. curl -F images=@photo.jpg.';

const nameOf = (filename: string | undefined, index: number): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters do not belong into a message
  filename ? `"${filename.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "").slice(0, 100)}"` : `Image ${index}`;

const tooLarge = (maxBytes: number): ServerError =>
  new ServerError("body-too-large", `The request has more than ${maxBytes} bytes.`, {
    action: "Send fewer or smaller images at once.",
  });

function integerField(fields: Form["fields"], name: string, otherwise: number, highest: number): number {
  const text = fields.get(name);
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < 1 || value > highest)
    throw new ServerError(
      "invalid-request",
      `${name} must be an integer from 1 to ${highest}, got ${JSON.stringify(text.slice(0, 40))}.`,
      {
        action: "Correct the field.",
      },
    );
  return value;
}

const rounded = (milliseconds: number): number => Math.round(milliseconds * 1000) / 1000;

/** The entry of one image in the answer; the predecessor's page reads `label` and `inference_time`. */
function answer(model: LoadedModel, file: string, outcome: ImageOutcome, topK: number, wantsLogits: boolean) {
  const source = { file: file.replaceAll(/^"|"$/g, ""), model: model.name, version: model.version };
  if ("error" in outcome)
    return { ...source, label: null, confidence: null, inference_time: null, error: outcome.error.body };
  const { values, times } = outcome;
  const ranked = rankClasses(values, topK, model.description.classifier!);
  const { label, index, confidence } = ranked[0]!;
  return {
    ...source,
    label,
    index,
    confidence,
    inference_time: Math.round(times.total),
    queue_time: rounded(times.queue),
    decode_time: rounded(times.decode),
    compute_time: rounded(times.compute),
    top_k: ranked,
    ...(wantsLogits ? { logits: Array.from(values) } : {}),
  };
}
