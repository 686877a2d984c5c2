/** @file Forms with files (multipart/form-data), read from a body that arrived whole. */

import { Busboy, type BusboyFileStream, type BusboyHeaders } from "@fastify/busboy";
import { ServerError } from "../errors.js";

export interface FormFile {
  /** The name of the file from the client, without folders; absent if the client gave none. */
  readonly filename: string | undefined;
  readonly bytes: Uint8Array;
}

export interface Form {
  readonly fields: ReadonlyMap<string, string>;
  readonly files: readonly FormFile[];
}

const MAX_FIELDS = 16;

/**
 * Reads a form. It parses the whole body at once, so that the parser is garbage right away. Parsing while the body arrives
 * would keep the parser, its streams and their listeners until the request is answered, and V8 would by then treat them as
 * long-lived.
 *
 * @throws {ServerError} `too-many-images` for more than `maxFiles` files; `invalid-multipart` if the body is cut short or
 * malformed
 */
export async function readForm(contentType: string, body: Uint8Array, maxFiles: number): Promise<Form> {
  const fields = new Map<string, string>();
  const files: { filename: string | undefined; chunks: Uint8Array[] }[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      const parser = new Busboy({
        headers: { "content-type": contentType } as BusboyHeaders,
        limits: { files: maxFiles, fields: MAX_FIELDS, fieldSize: 1024, parts: maxFiles + MAX_FIELDS, headerPairs: 32 },
      });
      parser.on("filesLimit", () => reject(tooManyImages(maxFiles)));
      parser.on("partsLimit", () => reject(tooManyImages(maxFiles)));
      parser.on("fieldsLimit", () => reject(malformed(`it has more than ${MAX_FIELDS} fields`)));
      // The parser accepts parts without a name.
      parser.on("field", (name: string | undefined, value: string) => fields.set(name ?? "", value));
      parser.on("file", (_name: string, stream: BusboyFileStream, filename: string | undefined) => {
        const chunks: Uint8Array[] = [];
        files.push({ filename, chunks });
        stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
        stream.on("error", reject);
      });
      parser.on("finish", () => resolve());
      parser.on("error", reject);
      parser.end(body);
    });
  } catch (error) {
    throw error instanceof ServerError ? error : malformed((error as Error).message, error);
  }
  return { fields, files: files.map(({ filename, chunks }) => ({ filename, bytes: joined(chunks) })) };
}

/** Joins chunks in a new buffer, because a message to a thread sends the whole buffer of an array. */
function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

const tooManyImages = (maxFiles: number): ServerError =>
  new ServerError("too-many-images", `The request has more than ${maxFiles} images.`, {
    action: "Send them in several requests.",
  });

const malformed = (reason: string, cause?: unknown): ServerError =>
  new ServerError("invalid-multipart", `The form cannot be read: ${reason.replace(/\.$/, "")}.`, {
    action: "Send well-formed multipart/form-data that ends with its closing boundary.",
    cause,
  });
