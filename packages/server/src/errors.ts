/** @file Errors for clients: a code, a sentence that says what is wrong and where, and one that says what to do. */

import type { EnvironmentError, FormatError, InputError, LoadError } from "@subbyte/engine";
import { type ErrorCode, serverErrors } from "./error-codes.js";

export type { ErrorCode };

export interface ErrorDetails {
  /** One or two sentences about what the client can do. */
  readonly action: string;
  /** Seconds after which a retry makes sense; sent as `Retry-After`. */
  readonly retryAfter?: number;
  readonly cause?: unknown;
}

/** An error that is sent to the client unchanged; `message` is one sentence. */
export class ServerError extends Error {
  override readonly name = "ServerError";
  readonly action: string;
  readonly retryAfter: number | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    { action, retryAfter, cause }: ErrorDetails,
  ) {
    super(message, cause === undefined ? {} : { cause });
    this.action = action;
    this.retryAfter = retryAfter ?? (this.status === 503 ? 1 : undefined);
  }

  get status(): number {
    return serverErrors[this.code].status;
  }

  /** The JSON body; `error` is the field that the Open Inference Protocol requires. */
  get body(): ErrorBody {
    const { code, message, action } = this;
    return { error: `${message} ${action}`, code, message, action };
  }
}

/** A model file that cannot be served; the message says why, and is the reason in the list of models. */
export class ModelFileError extends ServerError {
  constructor(reason: string, { cause }: ErrorOptions = {}) {
    super("load-failed", reason, { action: "Correct the file and load the model again.", cause });
  }
}

/** The JSON of every failure. `error` is the message and the action in one text, as in ONNX Runtime Server. */
export interface ErrorBody {
  readonly error: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly action: string;
}

type EngineErrorKind = (EnvironmentError | FormatError | InputError | LoadError)["kind"];

/** The error code that a client gets for an error of the engine or of the decoder. */
const codeOfKind: Readonly<Record<EngineErrorKind, ErrorCode>> = {
  data: "invalid-request",
  format: "load-failed",
  machine: "compute-failed",
};

/** Converts any error to one for clients; an unexpected one becomes `internal` and does not reveal its origin. */
export function toServerError(error: unknown): ServerError {
  if (error instanceof ServerError) return error;
  const { kind, message, statusCode } = error as { kind?: string; message?: string; statusCode?: number };
  const code = codeOfKind[kind as EngineErrorKind] as ErrorCode | undefined;
  if (code !== undefined)
    return new ServerError(code, sentence(String(message)), { action: "Correct the request.", cause: error });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return fromFramework(error as FrameworkError);
  return new ServerError("internal", "The server made a mistake.", {
    action: "Report it with the request id; the server's log has the details.",
    cause: error,
  });
}

interface FrameworkError {
  readonly code?: string;
  readonly message: string;
  readonly statusCode: number;
}

/** Errors of Fastify and its plugins that the client caused. */
function fromFramework(error: FrameworkError): ServerError {
  const told = (code: ErrorCode, action: string) =>
    new ServerError(code, sentence(error.message), { action, cause: error });
  switch (error.statusCode) {
    case 413:
      return told("body-too-large", "Send less at once, or raise the server's limits.");
    case 415:
      return told("unsupported-media-type", "See /docs for the content types of each route.");
    case 404:
      return told("unknown-route", "See /docs for the routes.");
    default:
      return told(
        error.code?.startsWith("FST_ERR_CTP_INVALID_JSON") ? "invalid-json" : "invalid-request",
        "Correct the request; /docs describes each route.",
      );
  }
}

/** A message as a sentence: capital letter, full stop. */
export const sentence = (text: string): string => {
  const trimmed = text.trim();
  const capital = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
};
