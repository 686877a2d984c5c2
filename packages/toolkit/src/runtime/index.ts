/** @file ONNX Runtime behind our own types. */

export { createSession, type Session, type SessionOptions } from "./session.js";
