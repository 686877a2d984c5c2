/** @file Keeps memory that results take again and again from going back to the system in between. */

/** The largest block that raises glibc's thresholds (its DEFAULT_MMAP_THRESHOLD_MAX is 32 MiB). */
const BLOCK_BYTES = 31 * 2 ** 20;

/**
 * ONNX Runtime's binding copies every result into a fresh array. glibc gives free memory at the end of its heap back to the system
 * beyond a threshold, so that the next copies take new pages, one fault each. The threshold becomes twice the size of the largest
 * mapped block ever freed: one such block, freed at once, makes it 62 MiB (mallopt(3), M_TRIM_THRESHOLD). Steps of ResNet-18 of
 * which every fourth took twice as long then all take the same. Other allocators are not affected.
 */
export function keepFreedMemory(): void {
  // Transferred to nobody, it is freed now and not by some later garbage collection.
  structuredClone(null, { transfer: [new ArrayBuffer(BLOCK_BYTES)] });
}
