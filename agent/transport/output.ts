/** Kept of one stream by default: enough for a program's report and for what came before it. */
const HEAD_BYTES = 16 * 1024;
const TAIL_BYTES = 48 * 1024;

/**
 * Collects one output stream in bounded memory: the first bytes (16 KiB by default) and the last 48 KiB,
 * because a program's own last line must survive the noise of a login script before it.
 */
export class Output {
  readonly #maxHeadBytes: number;
  readonly #head: Buffer[] = [];
  readonly #tail: Buffer[] = [];
  #headBytes = 0;
  #tailBytes = 0;

  constructor(maxHeadBytes: number = HEAD_BYTES) {
    this.#maxHeadBytes = maxHeadBytes;
  }

  add(chunk: Buffer): void {
    const forHead = chunk.subarray(0, this.#maxHeadBytes - this.#headBytes);
    if (forHead.length > 0) {
      this.#head.push(forHead);
      this.#headBytes += forHead.length;
    }
    const rest = chunk.subarray(forHead.length);
    if (rest.length === 0) return;
    this.#tail.push(rest);
    this.#tailBytes += rest.length;
    for (let first = this.#tail[0]; first !== undefined; first = this.#tail[0]) {
      if (this.#tailBytes - first.length < TAIL_BYTES) break;
      this.#tail.shift();
      this.#tailBytes -= first.length;
    }
  }

  /** UTF-8, wrong bytes replaced; at most 48 KiB of the node's bytes after the first ones. */
  text(): string {
    const tail = Buffer.concat(this.#tail);
    return Buffer.concat([...this.#head, tail.subarray(-TAIL_BYTES)]).toString("utf8");
  }
}
