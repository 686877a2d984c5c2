/** @file Protobuf messages as plain objects: 64-bit integers are strings, bytes are views of the received data. */

import protobuf from "protobufjs";
import { ServerError, sentence } from "../errors.js";

/** Encodes and decodes one message type. */
export interface Codec<T> {
  /** @throws {ServerError} `invalid-protobuf` */
  decode(bytes: Uint8Array): T;
  encode(value: T): Uint8Array;
  /**
   * Converts proto3 JSON to the same object.
   *
   * @throws {ServerError} `invalid-protobuf`
   */
  fromJson(value: unknown): T;
  /** Converts the object to proto3 JSON. */
  toJson(value: T): unknown;
}

/** The message types of a `.proto` text. */
export function messages(text: string): <T>(name: string) => Codec<T> {
  const { root } = protobuf.parse(text, { keepCase: false });
  root.resolveAll();
  return (name) => codecOf(root.lookupType(name));
}

const plain = { longs: String, defaults: true, arrays: true, objects: true } as const;

function codecOf<T>(type: protobuf.Type): Codec<T> {
  return {
    decode: (bytes) => guarded(() => type.toObject(type.decode(bytes), plain) as T),
    encode: (value) => type.encode(type.fromObject(value as Record<string, unknown>)).finish(),
    fromJson: (value) => guarded(() => type.toObject(type.fromObject(value as Record<string, unknown>), plain) as T),
    toJson: (value) =>
      type.toObject(type.fromObject(value as Record<string, unknown>), { longs: String, bytes: String, enums: String }),
  };
}

function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new ServerError("invalid-protobuf", sentence(`The message cannot be read: ${(cause as Error).message}`), {
      action: "Send a well-formed message of the type that the route takes.",
      cause,
    });
  }
}
