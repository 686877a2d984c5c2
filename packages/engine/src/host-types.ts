/**
 * @file Types of the host that not every program knows: one for Node is compiled without the DOM, and some without WebAssembly.
 * Where they are known they are these; else as much of them as the package's own declarations need.
 */

type Global = typeof globalThis;

export type WasmMemory = Global extends { WebAssembly: { Memory: { prototype: infer Memory } } }
  ? Memory
  : { readonly buffer: ArrayBufferLike; grow(pages: number): number };

export type WasmModule = Global extends { WebAssembly: { Module: { prototype: infer Module } } } ? Module : object;

/** A decoded image in a browser. */
export type Bitmap = Global extends { ImageBitmap: { prototype: infer Bitmap } }
  ? Bitmap
  : { readonly width: number; readonly height: number; close(): void };
