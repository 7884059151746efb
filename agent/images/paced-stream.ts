import { Transform, type TransformCallback } from "node:stream";

/** Passes bytes on once somebody who sees how many has let them go. */
export class PacedStream extends Transform {
  readonly #pace: (bytes: number) => Promise<void>;

  constructor(pace: (bytes: number) => Promise<void>) {
    super();
    this.#pace = pace;
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.#pace(chunk.length).then(() => done(null, chunk), done);
  }
}
