/**
 * The functions of Node that this package uses. Node's own types are not loaded, so that no other function can be used by
 * mistake.
 */
declare module "node:buffer" {
  export const Buffer: { from(text: string, encoding: "hex"): Uint8Array<ArrayBuffer> };
}
declare module "node:fs" {
  import type { Readable } from "node:stream";
  export function createReadStream(path: string): Readable;
}
declare module "node:fs/promises" {
  export function stat(path: string): Promise<{ readonly size: number }>;
}
declare module "node:os" {
  export function availableParallelism(): number;
}
declare module "node:process" {
  export const arch: string;
  export const versions: { readonly node: string };
}
declare module "node:stream" {
  export interface Readable {
    readonly readable: boolean;
  }
  export const Readable: { toWeb(stream: Readable): ReadableStream<Uint8Array<ArrayBuffer>> };
}
declare module "node:url" {
  export function fileURLToPath(url: URL): string;
}
declare module "node:v8" {
  export function setFlagsFromString(flags: string): void;
}
declare module "node:worker_threads" {
  interface Port {
    postMessage(message: unknown, transfer: readonly unknown[]): void;
    on(event: "message", listener: (message: unknown) => void): unknown;
  }
  export const parentPort: Port | null;
  export class Worker implements Port {
    constructor(file: URL, options: { readonly name: string });
    postMessage(message: unknown, transfer: readonly unknown[]): void;
    on(event: "message", listener: (message: unknown) => void): unknown;
    on(event: "error", listener: (error: Error) => void): unknown;
    on(event: "exit", listener: (code: number) => void): unknown;
    ref(): void;
    unref(): void;
    terminate(): Promise<number>;
  }
}
