/**
 * @file The messages of TensorBoard's event files, as far as scalars need them.
 * @see https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/util/event.proto and framework/summary.proto
 */

import protobuf from "protobufjs";

const { root } = protobuf.parse(
  `
syntax = "proto3";
package tensorflow;

message Summary {
  message Value {
    string tag = 1;
    oneof value { float simple_value = 2; }
  }
  repeated Value value = 1;
}

message SessionLog {
  enum SessionStatus { STATUS_UNSPECIFIED = 0; START = 1; STOP = 2; CHECKPOINT = 3; }
  SessionStatus status = 1;
}

message Event {
  double wall_time = 1;
  int64 step = 2;
  oneof what {
    string file_version = 3;
    Summary summary = 5;
    SessionLog session_log = 7;
  }
}
`,
  { keepCase: true },
);
const Event = root.lookupType("tensorflow.Event");

export type EventContent =
  | { readonly file_version: string }
  | { readonly summary: { readonly value: readonly { readonly tag: string; readonly simple_value: number }[] } }
  /** The start or resumption of a training: TensorBoard forgets earlier values from this step on. */
  | { readonly session_log: { readonly status: "START" } };

/** @param wallTime seconds since 1970 */
export const encodeEvent = (wallTime: number, step: number, content: EventContent): Uint8Array =>
  Event.encode(Event.fromObject({ wall_time: wallTime, step, ...content })).finish();
