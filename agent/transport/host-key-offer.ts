import { PullcastError, type PullcastErrorOptions } from "../errors.ts";

/** A key that a host offered and nobody knows. */
export interface HostKeyOffer {
  /** `host:port`, with the way there. */
  readonly at: string;
  /** The node of a cluster that is pinned if the key is let in; absent for other hosts, jump hosts among them. */
  readonly node?: string;
  /** `ED25519`, `RSA`, `ECDSA` */
  readonly keyType: string;
  /** `SHA256:…` */
  readonly fingerprint: string;
  /** Tells the host and its key from all others. */
  readonly id: string;
}

/** A host was refused for its unknown key alone: PC211, and what has to be approved. */
export class UnknownHostKey extends PullcastError {
  readonly offer: HostKeyOffer;

  constructor(offer: HostKeyOffer, options: PullcastErrorOptions) {
    super("PC211", options);
    this.offer = offer;
  }
}
