/**
 * @file Types of the environment that some programs lack: programs for Node are compiled without the DOM, and some without
 * WebAssembly. If a program has these types, they are used; else a substitute with the parts that the package's own
 * declarations need.
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
