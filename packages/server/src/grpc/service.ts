/** @file The gRPC services: the Open Inference Protocol's six calls, and ONNX Runtime Server's Predict. */

import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { Cancellation, clientClosed } from "../cancellation.js";
import { EXTENSIONS, isReady, SERVER_NAME, SERVER_VERSION, type ServerContext } from "../context.js";
import { ServerError, toServerError } from "../errors.js";
import { isModelReady, metadata } from "../inference/model-status.js";
import { modelOf, predict } from "../inference/predict.js";
import type { Codec } from "../protobuf/messages.js";
import { predictRequest, predictResponse } from "../protobuf/onnx-runtime-server.js";
import { codecs } from "../protobuf/open-inference.js";
import { hasToken, unauthorized } from "../token.js";
import { modelInfer } from "./infer.js";

/** One call: its messages and its implementation. */
interface Call<Request, Response> {
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
  /** Whether clients may make the call without a token. */
  readonly isPublic?: boolean;
  readonly answer: (request: Request, cancellation: Cancellation) => Response | Promise<Response>;
}

const call = <Request, Response>(each: Call<Request, Response>) => each as Call<unknown, unknown>;

function openInferenceCalls(context: ServerContext): Readonly<Record<string, Call<unknown, unknown>>> {
  return {
    ServerLive: call({
      request: codecs.empty,
      response: codecs.serverLive,
      isPublic: true,
      answer: () => ({ live: true }),
    }),
    ServerReady: call({
      request: codecs.empty,
      response: codecs.ready,
      isPublic: true,
      answer: () => ({ ready: isReady(context) }),
    }),
    ModelReady: call({
      request: codecs.modelRequest,
      response: codecs.ready,
      answer: (request) => ({ ready: isModelReady(context, request) }),
    }),
    ServerMetadata: call({
      request: codecs.empty,
      response: codecs.serverMetadata,
      answer: () => ({ name: SERVER_NAME, version: SERVER_VERSION, extensions: EXTENSIONS }),
    }),
    ModelMetadata: call({
      request: codecs.modelRequest,
      response: codecs.modelMetadata,
      answer: (request) => metadata(context, request),
    }),
    ModelInfer: call({
      request: codecs.inferRequest,
      response: codecs.inferResponse,
      answer: (request, cancellation) => modelInfer(context, request, cancellation),
    }),
  };
}

function predictionCalls(context: ServerContext): Readonly<Record<string, Call<unknown, unknown>>> {
  return {
    Predict: call({
      request: predictRequest,
      response: predictResponse,
      answer: (request, cancellation) => predict(context, modelOf(context, "default", "1"), request, cancellation),
    }),
  };
}

export interface GrpcServer {
  readonly port: number;
  /** Waits for the calls in progress; calls that take longer than `timeout` milliseconds are aborted. */
  close(timeout: number): Promise<void>;
}

export async function startGrpc(context: ServerContext, host: string, port: number): Promise<GrpcServer> {
  const { maxBodyBytes } = context.settings;
  const server = new Server({
    "grpc.max_receive_message_length": maxBodyBytes,
    "grpc.max_send_message_length": maxBodyBytes,
  });
  addService(server, context, "inference.GRPCInferenceService", openInferenceCalls(context));
  addService(server, context, "onnxruntime.server.PredictionService", predictionCalls(context));
  const address = host.includes(":") ? `[${host}]` : host;
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${address}:${port}`, ServerCredentials.createInsecure(), (error, taken) =>
      error ? reject(error) : resolve(taken),
    );
  });
  return {
    port: bound,
    close: (timeout) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => {
          server.forceShutdown();
          resolve();
        }, timeout);
        server.tryShutdown(() => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
}

function addService(
  server: Server,
  context: ServerContext,
  service: string,
  calls: Readonly<Record<string, Call<unknown, unknown>>>,
): void {
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const [name, each] of Object.entries(calls)) {
    definition[name] = {
      path: `/${service}/${name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (value: unknown) => Buffer.from(each.request.encode(value)),
      // An error thrown here would be reported as the server's fault, so the handler throws it later, as the client's.
      requestDeserialize: (bytes: Buffer): unknown => {
        try {
          return each.request.decode(bytes);
        } catch (error) {
          return error;
        }
      },
      responseSerialize: (value: unknown) => Buffer.from(each.response.encode(value)),
      responseDeserialize: (bytes: Buffer) => each.response.decode(bytes),
    };
    implementation[name] = handler(context, each);
  }
  server.addService(definition, implementation);
}

function handler(
  context: ServerContext,
  { isPublic, answer }: Call<unknown, unknown>,
): handleUnaryCall<unknown, unknown> {
  const { requestTimeout, token } = context.settings;
  return (request, respond) => {
    const cancellation = new Cancellation(requestTimeout);
    request.on("cancelled", () => cancellation.cancel(clientClosed()));
    const work = async () => {
      if (request.request instanceof ServerError) throw request.request;
      if (token !== undefined && !isPublic) requireToken(request, token);
      return answer(request.request, cancellation);
    };
    work()
      .then(
        (response) => respond(null, response),
        (cause: unknown) => {
          const error = toServerError(cause);
          respond({ code: statusOf(error), details: `${error.message} ${error.action}` });
        },
      )
      .finally(() => cancellation.end());
  };
}

function requireToken(request: ServerUnaryCall<unknown, unknown>, token: string): void {
  const [given = ""] = request.metadata.get("authorization");
  if (!hasToken(String(given), token)) throw unauthorized("metadata authorization");
}

/** The gRPC status code for each HTTP status. */
const statuses: Readonly<Record<number, status>> = {
  401: status.UNAUTHENTICATED,
  404: status.NOT_FOUND,
  429: status.RESOURCE_EXHAUSTED,
  499: status.CANCELLED,
  500: status.INTERNAL,
  503: status.UNAVAILABLE,
};

const statusOf = ({ code, status: http }: ServerError): status =>
  code === "request-timeout" ? status.DEADLINE_EXCEEDED : (statuses[http] ?? status.INVALID_ARGUMENT);
