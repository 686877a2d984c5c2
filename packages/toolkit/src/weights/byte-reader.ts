/** @file Reads little-endian numbers and runs of bytes from a file that may be cut off or have wrong lengths. */

import { DataError } from "../errors.js";

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #source: string;
  /** Index of the next byte. */
  position: number;

  /** @param source name of the file in messages */
  constructor(bytes: Uint8Array, source: string, position = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#source = source;
    this.position = position;
  }

  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  /**
   * A length of 64 bits.
   *
   * @throws {DataError} if it is longer than any file
   */
  length64(): number {
    const length = this.#view.getBigUint64(this.#advance(8), true);
    if (length > BigInt(this.#bytes.length)) this.fail(`announces ${length} bytes, more than the file has`);
    return Number(length);
  }

  /** A big-endian number, which only pickle has. */
  float64BigEndian(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  /** The next bytes, as a view. */
  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** The bytes up to the next line feed, which is skipped. */
  line(): Uint8Array {
    const end = this.#bytes.indexOf(0x0a, this.position);
    if (end < 0) this.fail("ends in the middle of a line");
    const line = this.bytes(end - this.position);
    this.position++;
    return line;
  }

  /** Throws an error that names the place. */
  fail(problem: string): never {
    throw new DataError(
      "weights-damaged",
      { source: this.#source, reason: problem },
      `${this.#source} ${problem} (at byte ${this.position}); the file is damaged or incomplete: copy or download it again`,
    );
  }

  #advance(length: number): number {
    const start = this.position;
    if (length > this.#bytes.length - start)
      this.fail(`needs ${length} more bytes, but only ${this.#bytes.length - start} are left`);
    this.position = start + length;
    return start;
  }
}
