/** Kept of one stream by default: enough for a program's report and for what came before it. */
const HEAD_BYTES = 16 * 1024;
const TAIL_BYTES = 48 * 1024;
/** Room for the first bytes at the start, doubled as they come: most outputs are a few lines. */
const ROOM_BYTES = 1024;
/** The most that {@link Output.tail} tells. */
const LAST_BYTES = 4096;

/**
 * Collects one output stream in bounded memory: the first bytes (16 KiB by default) and the last 48 KiB,
 * because a program's own last line must survive the noise of a login script before it.
 * Bytes are copied: a stream of single bytes must not hold a packet for each.
 */
export class Output {
  readonly #maxHeadBytes: number;
  #head: Buffer = Buffer.alloc(0);
  #headBytes = 0;
  /** Two turns of the last bytes: one is full before the other is overwritten. */
  #before: Buffer = Buffer.alloc(0);
  #last: Buffer = Buffer.alloc(0);

  constructor(maxHeadBytes: number = HEAD_BYTES) {
    this.#maxHeadBytes = maxHeadBytes;
  }

  add(chunk: Buffer): void {
    const forHead = chunk.subarray(0, this.#maxHeadBytes - this.#headBytes);
    this.#addHead(forHead);
    this.#addTail(chunk.subarray(forHead.length));
  }

  #addHead(bytes: Buffer): void {
    const needed = this.#headBytes + bytes.length;
    if (needed > this.#head.length) {
      const room = Math.max(ROOM_BYTES, 2 * this.#head.length, needed);
      const larger = Buffer.allocUnsafe(Math.min(room, this.#maxHeadBytes));
      this.#head.copy(larger, 0, 0, this.#headBytes);
      this.#head = larger;
    }
    bytes.copy(this.#head, this.#headBytes);
    this.#headBytes = needed;
  }

  #addTail(bytes: Buffer): void {
    let rest = bytes.subarray(-TAIL_BYTES);
    while (rest.length > 0) {
      if (this.#last.length === TAIL_BYTES) {
        this.#before = this.#last;
        this.#last = Buffer.alloc(0);
      }
      const part = rest.subarray(0, TAIL_BYTES - this.#last.length);
      this.#last = Buffer.concat([this.#last, part]);
      rest = rest.subarray(part.length);
    }
  }

  /** The last 4 KiB or less, however long the whole is. */
  tail(): string {
    const head = this.#firstBytes();
    if (this.#last.length === 0) return head.subarray(-LAST_BYTES).toString("utf8");
    const last = [head, this.#before, this.#last].map((bytes) => bytes.subarray(-LAST_BYTES));
    return Buffer.concat(last).subarray(-LAST_BYTES).toString("utf8");
  }

  /** UTF-8, wrong bytes replaced; at most 48 KiB of the node's bytes after the first ones. */
  text(): string {
    const head = this.#firstBytes();
    if (this.#last.length === 0) return head.toString("utf8");
    const tail = Buffer.concat([this.#before, this.#last]).subarray(-TAIL_BYTES);
    return Buffer.concat([head, tail]).toString("utf8");
  }

  #firstBytes(): Buffer {
    return this.#head.subarray(0, this.#headBytes);
  }
}
