/**
 * @file Reads event files of TensorBoard with another protobuf library, according to the published description of
 * their frames.
 */

import { readFile } from "node:fs/promises";
import { createFileRegistry, fromBinary, fromJson, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { checksum } from "../tracking/record.js";

/** TensorBoard's schema as descriptors, with fields that the writer does not know. */
const schema = {
  file: [
    {
      name: "event.proto",
      package: "tensorflow",
      syntax: "proto3",
      messageType: [
        {
          name: "Event",
          field: [
            { name: "wall_time", number: 1, type: "TYPE_DOUBLE", label: "LABEL_OPTIONAL" },
            { name: "step", number: 2, type: "TYPE_INT64", label: "LABEL_OPTIONAL" },
            { name: "file_version", number: 3, type: "TYPE_STRING", label: "LABEL_OPTIONAL", oneofIndex: 0 },
            { name: "graph_def", number: 4, type: "TYPE_BYTES", label: "LABEL_OPTIONAL", oneofIndex: 0 },
            {
              name: "summary",
              number: 5,
              type: "TYPE_MESSAGE",
              typeName: ".tensorflow.Summary",
              label: "LABEL_OPTIONAL",
              oneofIndex: 0,
            },
            {
              name: "session_log",
              number: 7,
              type: "TYPE_MESSAGE",
              typeName: ".tensorflow.SessionLog",
              label: "LABEL_OPTIONAL",
              oneofIndex: 0,
            },
          ],
          oneofDecl: [{ name: "what" }],
        },
        {
          name: "Summary",
          field: [
            {
              name: "value",
              number: 1,
              type: "TYPE_MESSAGE",
              typeName: ".tensorflow.Summary.Value",
              label: "LABEL_REPEATED",
            },
          ],
          nestedType: [
            {
              name: "Value",
              field: [
                { name: "tag", number: 1, type: "TYPE_STRING", label: "LABEL_OPTIONAL" },
                { name: "simple_value", number: 2, type: "TYPE_FLOAT", label: "LABEL_OPTIONAL", oneofIndex: 0 },
                { name: "image", number: 4, type: "TYPE_BYTES", label: "LABEL_OPTIONAL", oneofIndex: 0 },
              ],
              oneofDecl: [{ name: "value" }],
            },
          ],
        },
        { name: "SessionLog", field: [{ name: "status", number: 1, type: "TYPE_INT32", label: "LABEL_OPTIONAL" }] },
      ],
    },
  ],
};
const Event = createFileRegistry(fromJson(FileDescriptorSetSchema, schema as never)).getMessage("tensorflow.Event")!;

export interface ReadEvent {
  /** Seconds since 1970. */
  readonly wall_time: number;
  /** An int64, which proto3 JSON writes as text; absent if it is 0. */
  readonly step?: string;
  readonly file_version?: string;
  readonly session_log?: { readonly status: number };
  readonly summary?: { readonly value: readonly { readonly tag: string; readonly simple_value: number }[] };
}

/** @throws {Error} if the checksum of a frame is wrong */
export async function readEventFile(path: string): Promise<readonly ReadEvent[]> {
  const bytes = await readFile(path);
  const unmask = (value: number) => {
    const rotated = (value - 0xa282ead8) >>> 0;
    return ((rotated >>> 17) | (rotated << 15)) >>> 0;
  };
  const requireChecksum = (content: Uint8Array, at: number) => {
    if (unmask(bytes.readUInt32LE(at)) !== checksum(content))
      throw new Error(`internal: the checksum at byte ${at} is wrong`);
  };
  const events: ReadEvent[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    requireChecksum(bytes.subarray(at, at + 8), at + 8);
    const content = bytes.subarray(at + 12, at + 12 + length);
    requireChecksum(content, at + 12 + length);
    events.push(toJson(Event, fromBinary(Event, content), { useProtoFieldName: true }) as unknown as ReadEvent);
    at += 16 + length;
  }
  return events;
}
