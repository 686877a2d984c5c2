/** @file Options of the server. Its package has the same defaults; a test of the command compares them. */

import * as v from "valibot";
import { choice, decimal, flag, integer, text, texts } from "./definition.js";

const server = { group: "Server" } as const;
const limits = { group: "Limits", advanced: true } as const;

export const servingOptions = {
  models: text({
    group: "Model",
    help: "folder of NAME.sbq, NAME.onnx or NAME/VERSION/model.sbq; changes take effect at once",
    placeholder: "folder",
    example: "models",
  }),
  host: text({
    ...server,
    help: "address to listen on; 0.0.0.0 for other machines",
    placeholder: "address",
    default: "127.0.0.1",
  }),
  port: integer({
    ...server,
    help: "port of the page and of HTTP; 0 takes any free one",
    placeholder: "n",
    min: 0,
    max: 65_535,
    default: 8080,
  }),
  grpcPort: integer({
    ...server,
    help: "port of gRPC; no gRPC without it, 0 takes any free one",
    placeholder: "n",
    min: 0,
    max: 65_535,
    example: "8081",
  }),
  workers: integer({
    ...server,
    help: "threads that compute; cores less one by default",
    placeholder: "n",
    unit: "threads",
  }),
  token: text({
    ...server,
    help: "bearer token that requests need; also as SUBBYTE_TOKEN in the environment",
    placeholder: "token",
  }),
  cors: texts({
    ...server,
    help: "origins whose pages may call the server; none by default",
    placeholder: "origins",
    advanced: true,
    example: "https://example.org",
  }),
  apiOnly: flag({ ...server, help: "no page", advanced: true, default: false }),
  logLevel: choice(["trace", "debug", "info", "warn", "error", "silent"], {
    ...server,
    help: "what is logged on stderr, as JSON lines",
    placeholder: "level",
    advanced: true,
    default: "info",
  }),
  defaultModel: text({
    group: "Model",
    help: 'model of requests that name none or "default"; the first by name by default',
    placeholder: "name",
    advanced: true,
  }),
  modelTypes: texts(
    {
      group: "Model",
      help: "models by bit width, for /classify with model_type; found by the files' bit widths by default",
      placeholder: "list",
      advanced: true,
      example: "32=float,4=small",
    },
    v.pipe(v.string(), v.regex(/^\d+=.+$/)),
    "bit widths and names such as 32=float,4=small",
  ),
  versions: choice(["latest", "all"], {
    group: "Model",
    help: "which versions of a model are loaded",
    placeholder: "which",
    advanced: true,
    default: "latest",
  }),
  ignoreChanges: flag({
    group: "Model",
    help: "load the folder once, and do not follow its changes",
    advanced: true,
    default: false,
  }),
  maxBatch: integer({
    ...limits,
    help: "images that share a run at most",
    unit: "images",
    placeholder: "n",
    default: 8,
  }),
  batchDelay: decimal({
    ...limits,
    help: "milliseconds that an image waits for others to share its run",
    unit: "ms",
    placeholder: "ms",
    min: 0,
    default: 0,
  }),
  maxQueue: integer({
    ...limits,
    help: "images in the server at most; beyond, requests get 429",
    unit: "images",
    placeholder: "n",
    default: 128,
  }),
  maxWait: decimal({
    ...limits,
    help: "milliseconds of expected waiting beyond which requests get 429",
    unit: "ms",
    placeholder: "ms",
    min: 0,
    default: 250,
  }),
  requestTimeout: decimal({
    ...limits,
    help: "seconds for a request and its answer",
    placeholder: "seconds",
    min: 0,
    default: 30,
  }),
  maxBody: integer({
    ...limits,
    help: "bytes of a request at most",
    unit: "bytes",
    placeholder: "n",
    default: 33_554_432,
  }),
  maxImages: integer({
    ...limits,
    help: "images of a request at most",
    unit: "images",
    placeholder: "n",
    default: 64,
  }),
  maxPixels: integer({
    ...limits,
    help: "pixels of an image at most",
    unit: "pixels",
    placeholder: "n",
    default: 50_000_000,
  }),
  drainDelay: decimal({
    ...limits,
    help: "seconds between the signal to stop and the end of listening, for load balancers to notice",
    placeholder: "seconds",
    min: 0,
    default: 0,
  }),
  shutdownTimeout: decimal({
    ...limits,
    help: "seconds that a stop waits for accepted requests",
    placeholder: "seconds",
    min: 0,
    default: 30,
  }),
} as const;
