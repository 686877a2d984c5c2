/** @file An interface to ONNX Runtime with types of our own. */

export { requireDevice } from "./device.js";
export { type Device, type RuntimeOptions, runtimeOptions } from "./runtime-options.js";
export { createSession, type Session, type SessionOptions } from "./session.js";
