import { Header } from "tar";

const BLOCK = 512;

/** What stands at the end of a tar (POSIX: ustar). */
export const TAR_END: Buffer = Buffer.alloc(2 * BLOCK);

/** What stands before a file of a tar: always the same bytes, as a node is told what it must have got. */
export function tarHeader(path: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const facts = { type: "File", mode: 0o644, uid: 0, gid: 0, mtime: new Date(0) } as const;
  new Header({ path, size, ...facts }).encode(block);
  return block;
}

/** What follows it. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}
