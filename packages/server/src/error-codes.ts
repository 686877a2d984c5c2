/** @file The codes of the server's errors, as data: docs/errors.md is generated from this table. */

interface ServerErrorEntry {
  /** HTTP status. */
  readonly status: number;
  readonly cause: string;
  readonly remedy: string;
}

export const serverErrors = {
  "invalid-request": {
    status: 400,
    cause: "A field, header, parameter or value of the request is missing, unknown or out of range.",
    remedy: "Correct what the message names; /docs describes each route.",
  },
  "invalid-json": {
    status: 400,
    cause: "The body is not a JSON object.",
    remedy: "Send a JSON object.",
  },
  "invalid-multipart": {
    status: 400,
    cause: "The form is cut short or malformed.",
    remedy: "Send well-formed multipart/form-data that ends with its closing boundary.",
  },
  "invalid-protobuf": {
    status: 400,
    cause: "The body is not the protocol buffer message that its content type announces.",
    remedy: "Encode it with the .proto file of the documentation.",
  },
  "invalid-tensor": {
    status: 400,
    cause: "A tensor is missing or unknown, or its type, shape or number of elements does not fit the model.",
    remedy: "Send the inputs that the model's metadata lists.",
  },
  "invalid-image": {
    status: 400,
    cause: "A file is not an image that can be decoded.",
    remedy: "Send JPEG, PNG, WebP, GIF, TIFF, AVIF or BMP files.",
  },
  "no-classifier": {
    status: 400,
    cause: "The model takes tensors, and nothing says how images are prepared for it.",
    remedy: "Put a .json file with its preprocessing beside it, or send tensors.",
  },
  "load-failed": {
    status: 400,
    cause: "The file of a model cannot be loaded.",
    remedy: "Replace the file; the message says what is wrong with it.",
  },
  unauthorized: {
    status: 401,
    cause: "The bearer token is missing or wrong.",
    remedy: "Send the header Authorization: Bearer TOKEN.",
  },
  "unknown-route": {
    status: 404,
    cause: "There is no such route.",
    remedy: "See /docs for the routes.",
  },
  "unknown-model": {
    status: 404,
    cause: "The server has no such model.",
    remedy: "Use one of the models that the message lists.",
  },
  "unknown-version": {
    status: 404,
    cause: "The model has no such version.",
    remedy: "Use one of the versions that the message lists, or leave the version out.",
  },
  "body-timeout": {
    status: 408,
    cause: "The request did not arrive in time.",
    remedy: "Send it faster or in parts, or raise requestTimeout.",
  },
  "body-too-large": {
    status: 413,
    cause: "The request has more bytes than maxBodyBytes.",
    remedy: "Send less at once, or raise maxBodyBytes.",
  },
  "image-too-large": {
    status: 413,
    cause: "An image has more pixels than maxPixels.",
    remedy: "Send a smaller picture, or raise maxPixels.",
  },
  "too-many-images": {
    status: 413,
    cause: "The request has more images than maxImages.",
    remedy: "Send them in several requests, or raise maxImages.",
  },
  "unsupported-media-type": {
    status: 415,
    cause: "The route does not read this content type.",
    remedy: "See /docs for the content types of each route.",
  },
  "queue-full": {
    status: 429,
    cause: "Too many images are waiting, or would wait longer than maxWait.",
    remedy: "Try again after the seconds of the header Retry-After.",
  },
  "header-too-large": {
    status: 431,
    cause: "The request's headers are too large.",
    remedy: "Send fewer or shorter headers.",
  },
  "client-closed": {
    status: 499,
    cause: "The client closed the connection before the answer.",
    remedy: "Wait longer for the answer.",
  },
  internal: {
    status: 500,
    cause: "The server has a bug.",
    remedy: "Report it with the request id; the server's log has the details.",
  },
  "model-not-ready": {
    status: 503,
    cause: "The model is being loaded or unloaded, or its file cannot be loaded.",
    remedy: "Try again later; where the message says that the file cannot be loaded, replace it.",
  },
  "compute-failed": {
    status: 503,
    cause: "The model could not be run.",
    remedy: "Try again; the server's log has the reason.",
  },
  "request-timeout": {
    status: 503,
    cause: "The request was not answered within requestTimeout.",
    remedy: "Try again later, or send fewer images at once.",
  },
} as const satisfies Readonly<Record<string, ServerErrorEntry>>;

/** A code of an error of the server. */
export type ErrorCode = keyof typeof serverErrors;
