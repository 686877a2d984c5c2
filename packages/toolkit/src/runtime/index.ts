/** @file ONNX Runtime behind our own types. */

export { requireDevice } from "./device.js";
export { type Device, type RuntimeOptions, runtimeOptions } from "./runtime-options.js";
export { createSession, type Session, type SessionOptions } from "./session.js";
