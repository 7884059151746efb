/** Where images come from: a registry, or files of this machine. */
export interface ImageSource {
  /**
   * The bytes of a manifest or an index, and its type.
   *
   * @param name - a tag or a digest; what is no registry knows digests alone
   * @throws {SourceFailure}
   */
  manifest(name: string): Promise<ReadBlob>;
  /** Whether a manifest that an index names can be had: an archive may be of one platform. */
  has(digest: string): Promise<boolean>;
  /**
   * A blob as a file of this machine, brought there if need be.
   *
   * @throws {SourceFailure}
   */
  file(digest: string): Promise<string>;
}

export interface ReadBlob {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

/** Images that are on this machine, with what names them: a folder, an archive, a Docker engine's. */
export interface LocalImages {
  readonly images: readonly LocalImage[];
  readonly source: ImageSource;
}

export interface LocalImage {
  /** References, in full or a tag alone; none where nobody named it. */
  readonly names: readonly string[];
  /** `sha256:…` of its index or manifest. */
  readonly digest: string;
}

/** Why something of an image can't be read; a clause. */
export class SourceFailure extends Error {
  readonly type: "denied" | "not-found" | "unreachable" | "unreadable" | "no-client";

  constructor(
    words: string,
    { type, cause }: ErrorOptions & { readonly type: SourceFailure["type"] },
  ) {
    super(words, { cause });
    this.type = type;
  }
}
