/** @file Options of the server. Its package has the same defaults; a test of the command compares them. */

import * as v from "valibot";
import { choice, decimal, fileSize, flag, integer, text, texts } from "./definition.js";

const server = { group: "Server" } as const;
const limits = { group: "Limits", advanced: true } as const;

export const servingOptions = {
  models: text({
    group: "Model",
    help: "folder with models NAME.sbq, NAME.onnx or NAME/VERSION/model.sbq; changes take effect at once",
    placeholder: "folder",
    example: "models",
  }),
  host: text({
    ...server,
    help: "address to listen on; use 0.0.0.0 to accept other machines",
    placeholder: "address",
    default: "127.0.0.1",
  }),
  port: integer({
    ...server,
    help: "port of HTTP and of the page; 0 takes a free port",
    placeholder: "n",
    min: 0,
    max: 65_535,
    default: 8080,
  }),
  grpcPort: integer({
    ...server,
    help: "port of gRPC, which is off without this option; 0 takes a free port",
    placeholder: "n",
    min: 0,
    max: 65_535,
    example: "8081",
  }),
  workers: integer({
    ...server,
    help: "number of threads that compute; by default one less than the number of cores",
    placeholder: "n",
    unit: "threads",
  }),
  token: text({
    ...server,
    help: "bearer token that requests must send; can also be set as SUBBYTE_TOKEN in the environment",
    placeholder: "token",
  }),
  cors: texts({
    ...server,
    help: "origins of pages that may call the server (CORS); none by default",
    placeholder: "origins",
    advanced: true,
    example: "https://example.org",
  }),
  apiOnly: flag({ ...server, help: "do not serve the page", advanced: true, default: false }),
  logLevel: choice(["trace", "debug", "info", "warn", "error", "silent"], {
    ...server,
    help: "lowest level of the log on stderr, in JSON lines",
    placeholder: "level",
    advanced: true,
    default: "info",
  }),
  defaultModel: text({
    group: "Model",
    help: 'model for requests without a model name, or with the name "default"; by default the first by name',
    placeholder: "name",
    advanced: true,
  }),
  modelTypes: texts(
    {
      group: "Model",
      help: "model for each model_type of /classify; by default the types are the bit widths of the files",
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
    help: "load the folder once, and ignore later changes",
    advanced: true,
    default: false,
  }),
  maxBatch: integer({
    ...limits,
    help: "largest number of images per batch",
    unit: "images",
    placeholder: "n",
    default: 8,
  }),
  batchDelay: decimal({
    ...limits,
    help: "longest wait of an image for others in its batch, in ms",
    unit: "ms",
    placeholder: "ms",
    min: 0,
    default: 0,
  }),
  maxQueue: integer({
    ...limits,
    help: "largest number of images in the server; further requests get status 429",
    unit: "images",
    placeholder: "n",
    default: 128,
  }),
  maxWait: decimal({
    ...limits,
    help: "longest expected wait in ms; requests that would wait longer get status 429",
    unit: "ms",
    placeholder: "ms",
    min: 0,
    default: 250,
  }),
  requestTimeout: decimal({
    ...limits,
    help: "time limit of a request, in seconds",
    placeholder: "seconds",
    min: 0,
    default: 30,
  }),
  maxBody: fileSize({
    ...limits,
    help: "largest size of a request, such as 500kB or 20MB",
    placeholder: "size",
    default: 32_000_000,
  }),
  maxImages: integer({
    ...limits,
    help: "largest number of images per request",
    unit: "images",
    placeholder: "n",
    default: 64,
  }),
  maxPixels: integer({
    ...limits,
    help: "largest number of pixels per image",
    unit: "pixels",
    placeholder: "n",
    default: 50_000_000,
  }),
  drainDelay: decimal({
    ...limits,
    help: "seconds that the server still listens after a stop signal, so that load balancers notice",
    placeholder: "seconds",
    min: 0,
    default: 0,
  }),
  shutdownTimeout: decimal({
    ...limits,
    help: "seconds that a stopped server waits for running requests",
    placeholder: "seconds",
    min: 0,
    default: 30,
  }),
} as const;
