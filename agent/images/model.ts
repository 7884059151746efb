/** A blob of a registry: a layer, a configuration, a manifest. */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:…`. */
  readonly digest: string;
  readonly sizeBytes: number;
}

/** As Go and the image specification name them. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** A manifest that an index names. */
export interface IndexEntry extends Descriptor {
  /** Absent for attestations and what else is no image. */
  readonly platform?: Platform;
}

/** A blob that was read, byte for byte. */
export interface RawBlob extends Descriptor {
  readonly bytes: Uint8Array;
}

/** What a node of one platform needs of an image. */
export interface PlatformImage {
  readonly platform: Platform;
  readonly manifest: RawBlob;
  readonly config: RawBlob;
  /** In the order in which they are unpacked. */
  readonly layers: readonly Descriptor[];
  /** Of what each layer and those below it come to when unpacked; as snapshotters name it (OCI: image identity). */
  readonly chainIds: readonly string[];
}
