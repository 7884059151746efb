/** A member of a tar archive; owner and group are root. */
export interface TarEntry {
  /** Relative, at most 100 bytes. */
  readonly path: string;
  /** Content of a file; absent for a link or a directory. */
  readonly data?: Uint8Array | string;
  /** Target of a symbolic link. */
  readonly link?: string;
  /** Default 0644, or 0755 for a directory. */
  readonly mode?: number;
}

const BLOCK = 512;

/** A tar archive in ustar form, each member dated 1970 so that equal content gives equal bytes. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const entry of entries) {
    const data = Buffer.from(entry.data ?? "");
    parts.push(
      header(entry, data.length),
      data,
      Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK),
    );
  }
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function header(entry: TarEntry, size: number): Buffer {
  if (Buffer.byteLength(entry.path) > 100) throw new RangeError(`path too long: ${entry.path}`);
  const type = entry.link !== undefined ? "2" : entry.data === undefined ? "5" : "0";
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, width: number) =>
    block.write(value.toString(8).padStart(width - 1, "0"), offset, "latin1");
  block.write(entry.path, 0);
  octal(entry.mode ?? (type === "5" ? 0o755 : 0o644), 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.fill(" ", 148, 156);
  block.write(type, 156);
  block.write(entry.link ?? "", 157);
  block.write("ustar\u000000", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}
