/** @file What browsers and other hosts need to do before relaxed SIMD can be used: nothing. Node has `../node/platform.ts`. */

export function enableRelaxedSimd(): void {}
