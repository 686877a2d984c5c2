/** @file Keeps freed memory in the process, so that results of training steps can reuse it. */

/** The largest block that raises glibc's thresholds (its DEFAULT_MMAP_THRESHOLD_MAX is 32 MiB). */
const BLOCK_BYTES = 31 * 2 ** 20;

/**
 * ONNX Runtime's binding copies every result into a fresh array. glibc returns free memory at the end of its heap to the system
 * beyond a threshold, so the next copies take new pages, with one page fault each. The threshold is twice the size of the
 * largest mapped block that was ever freed: one such block, freed at once, makes it 62 MiB (mallopt(3), M_TRIM_THRESHOLD).
 * Without this, some training steps took twice as long as others. Other allocators are not affected.
 */
export function keepFreedMemory(): void {
  // A transfer without a receiver frees it now, and not at some later garbage collection.
  structuredClone(null, { transfer: [new ArrayBuffer(BLOCK_BYTES)] });
}
