/** LiteRT's loaders, whose one export is the function that instantiates its WebAssembly module. */
declare module "@litertjs/core/wasm/litert_wasm_internal.js" {
  const factory: unknown;
  export default factory;
}
declare module "@litertjs/core/wasm/litert_wasm_compat_internal.js" {
  const factory: unknown;
  export default factory;
}
