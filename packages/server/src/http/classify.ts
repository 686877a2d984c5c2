/** @file `POST /classify`: image files in a form, labels in JSON; a superset of what the predecessor's page sends and reads. */

import multipart from "@fastify/multipart";
import type { FastifyPluginAsync, FastifyRequest } from "fastify";
import type { ServerContext } from "../context.js";
import { ServerError } from "../errors.js";
import type { EncodedImage } from "../inference/images.js";
import type { ImageOutcome } from "../inference/inference.js";
import { rankClasses } from "../inference/ranking.js";
import { chooseModel } from "../models/choose.js";
import type { LoadedModel } from "../models/loaded-model.js";

interface Form {
  readonly fields: ReadonlyMap<string, string>;
  readonly images: readonly EncodedImage[];
}

const fieldNames = ["model", "version", "model_type", "top_k", "logits"] as const;

export const classifyRoute: FastifyPluginAsync<{ context: ServerContext }> = async (app, { context }) => {
  const { settings, repository, inference } = context;
  await app.register(multipart, {
    limits: {
      // One more than allowed, so that the message can say so.
      files: settings.maxImages + 1,
      fileSize: settings.maxBodyBytes,
      fields: 16,
      fieldSize: 1024,
      parts: settings.maxImages + 17,
      headerPairs: 32,
    },
  });
  app.post("/classify", { onRequest: async () => context.scheduler.checkRoom() }, async (request) => {
    const { fields, images } = await readForm(request, settings.maxBodyBytes, settings.maxImages);
    const model = chooseModel(repository, fields, settings.modelTypes);
    const topK = integerField(fields, "top_k", 5, 1000);
    const wantsLogits = fields.get("logits") === "true";
    const outcomes = await inference.images(model, images, request.abortSignal);
    return outcomes.map((outcome, i) => answer(model, images[i]!.name, outcome, topK, wantsLogits));
  });
};

/**
 * Reads all parts, so that the client gets the answer instead of a reset connection, unless they have more bytes than allowed.
 */
async function readForm(request: FastifyRequest, maxBytes: number, maxImages: number): Promise<Form> {
  if (!request.isMultipart())
    throw new ServerError("unsupported-media-type", "The body is no multipart/form-data.", {
      action: 'Send image files as the form field "images", e.g. curl -F images=@photo.jpg.',
    });
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  const fields = new Map<string, string>();
  const images: EncodedImage[] = [];
  let bytes = 0;
  try {
    for await (const part of request.parts()) {
      if (part.type === "field") {
        // The parser lets parts without a name pass.
        fields.set(part.fieldname ?? "", String(part.value));
        continue;
      }
      const content = await part.toBuffer();
      bytes += content.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      images.push({ name: nameOf(part.filename, images.length), bytes: content });
    }
  } catch (error) {
    throw multipartError(error, maxBytes, maxImages);
  }
  if (images.length > maxImages) throw tooManyImages(maxImages);
  if (images.length === 0)
    throw new ServerError("invalid-request", "The form has no image files.", {
      action: 'Send image files as the form field "images", e.g. curl -F images=@photo.jpg.',
    });
  for (const name of fields.keys())
    if (!(fieldNames as readonly string[]).includes(name))
      throw new ServerError("invalid-request", `The form has an unknown field ${JSON.stringify(name.slice(0, 80))}.`, {
        action: `Known fields are images, ${fieldNames.join(", ")}.`,
      });
  return { fields, images };
}

const nameOf = (filename: string | undefined, index: number): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters do not belong into a message
  filename ? `"${filename.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "").slice(0, 100)}"` : `Image ${index}`;

function multipartError(error: unknown, maxBytes: number, maxImages: number): unknown {
  const { code, message } = error as { code?: string; message?: string };
  if (error instanceof ServerError) return error;
  if (code === "FST_REQ_FILE_TOO_LARGE") return tooLarge(maxBytes);
  if (code === "FST_FILES_LIMIT" || code === "FST_PARTS_LIMIT") return tooManyImages(maxImages);
  return new ServerError("invalid-multipart", `The form cannot be read: ${message}.`, {
    action: "Send well-formed multipart/form-data that ends with its closing boundary.",
    cause: error,
  });
}

const tooLarge = (maxBytes: number): ServerError =>
  new ServerError("body-too-large", `The request has more than ${maxBytes} bytes.`, {
    action: "Send fewer or smaller images at once.",
  });

const tooManyImages = (maxImages: number): ServerError =>
  new ServerError("too-many-images", `The request has more than ${maxImages} images.`, {
    action: "Send them in several requests.",
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

/** The entry of one image; the predecessor's page reads `label` and `inference_time`. */
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
