/** Kept of one stream by default: enough for a program's report and for what came before it. */
const HEAD_BYTES = 16 * 1024;
const TAIL_BYTES = 48 * 1024;
const BLOCK_BYTES = 64 * 1024;

/**
 * Collects one output stream in bounded memory: the first bytes (16 KiB by default) and the last 48 KiB,
 * because a program's own last line must survive the noise of a login script before it.
 * Bytes are copied: a stream of single bytes must not hold a packet for each.
 */
export class Output {
  readonly #maxHeadBytes: number;
  readonly #head: Buffer[] = [];
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
    let rest = bytes;
    while (rest.length > 0) {
      const used = this.#headBytes % BLOCK_BYTES;
      if (used === 0) this.#head.push(Buffer.allocUnsafe(BLOCK_BYTES));
      const copied = rest.copy(this.#head.at(-1) ?? rest, used);
      this.#headBytes += copied;
      rest = rest.subarray(copied);
    }
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
    const blocks = this.#head.slice(-2);
    const used = this.#headBytes - (this.#head.length - blocks.length) * BLOCK_BYTES;
    const head = Buffer.concat(blocks).subarray(0, used);
    return Buffer.concat([head, this.#before, this.#last]).subarray(-4096).toString("utf8");
  }

  /** UTF-8, wrong bytes replaced; at most 48 KiB of the node's bytes after the first ones. */
  text(): string {
    const head = Buffer.concat(this.#head).subarray(0, this.#headBytes);
    const tail = Buffer.concat([this.#before, this.#last]).subarray(-TAIL_BYTES);
    return Buffer.concat([head, tail]).toString("utf8");
  }
}
