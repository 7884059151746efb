import { once } from "../util/once.ts";
import type { HostSettings } from "./host-settings.ts";
import type { HostKeyVerdict, KnownKey, Place } from "./known-hosts.ts";
import { type HostKeyStore, openHostKeyStore } from "./known-hosts-file.ts";
import type { HostPin } from "./pins.ts";

/** What decides whether the key of one host is good. */
export interface HostTrust {
  /** All of these count, as with ssh's UserKnownHostsFile. */
  readonly files: readonly string[];
  /** The name that they are asked for: ssh's HostKeyAlias, or HostName and Port. */
  readonly host: string;
  readonly port: number;
  /** The node's pins decide, and they alone. */
  readonly isPinned: boolean;
  /** Where a node of a cluster is pinned, or would be. */
  readonly pin?: HostPin;
  /** A key that anybody revoked for the host is refused, pinned or not. */
  judge(blob: Buffer): HostKeyVerdict;
  /** All keys that count for the host, revoked ones and authorities too. */
  known(): readonly KnownKey[];
  /** Keys that somebody revoked for the host, by any of its names. */
  revoked(): readonly KnownKey[];
  /** Types of the known keys; they should be asked for first. */
  keyTypes(): ReadonlySet<string>;
  /** The `@cert-authority` line that may vouch for the host: only the system's ssh can check a certificate. */
  authority(): Place | undefined;
  /** Lines about the host that can't be read. */
  badLines(): readonly Place[];
  /**
   * Keeps a key that the host proved to own: a node's under its UID, so that its address is free for others.
   * @throws {PullcastError} PC215
   */
  record(blob: Buffer): Promise<HostKeyVerdict>;
}

/** Finds what decides about hosts; each set of files is read once in a run. */
export interface HostTrusts {
  /** @throws {PullcastError} PC215 if a file is there and can't be read */
  of(settings: HostSettings): Promise<HostTrust>;
}

export function createHostTrusts(): HostTrusts {
  const stores = new Map<string, Promise<HostKeyStore>>();
  const open = (files: readonly string[]) =>
    once(stores, files.join("\0"), () => openHostKeyStore(files));
  const find = async (settings: HostSettings) => {
    const { host, port, knownHosts, hashKnownHosts = false, hostKeyAlias, pin } = settings;
    // An alias stands for host and port.
    const plain = hostKeyAlias === undefined ? { host, port } : { host: hostKeyAlias, port: 22 };
    const usual = {
      store: await open(knownHosts),
      files: knownHosts,
      ...plain,
      hashed: hashKnownHosts,
    };
    if (pin === undefined) return trust(usual, { keep: usual });
    const pinned = { store: await open(pin.files), files: pin.files, host: pin.name, port: 22 };
    const isPinned = pinned.store.names(pin.name);
    return trust(isPinned ? pinned : usual, {
      keep: pinned,
      pin,
      isPinned,
      others: [usual, pinned],
    });
  };
  // Whoever chooses how to reach a host asks for it, and so does the login.
  const found = new WeakMap<HostSettings, Promise<HostTrust>>();
  return { of: (settings) => once(found, settings, () => find(settings)) };
}

interface NamedStore {
  readonly store: HostKeyStore;
  readonly files: readonly string[];
  readonly host: string;
  readonly port: number;
  /** Whether new names are written there hashed. */
  readonly hashed?: boolean;
}

function trust(
  deciding: NamedStore,
  context: {
    /** Where new keys go. */
    readonly keep: NamedStore;
    readonly pin?: HostPin;
    readonly isPinned?: boolean;
    /** Where a key may be revoked. */
    readonly others?: readonly NamedStore[];
  },
): HostTrust {
  const { store, files, host, port } = deciding;
  const { keep, pin, isPinned = false, others = [] } = context;
  return {
    files,
    host,
    port,
    isPinned,
    ...(pin === undefined ? {} : { pin }),
    judge(blob) {
      const revoked = others
        .map((other) => other.store.judge(other.host, other.port, blob))
        .find(({ type }) => type === "revoked");
      return revoked ?? store.judge(host, port, blob);
    },
    known: () => store.keysFor(host, port),
    revoked: () =>
      [deciding, ...others]
        .flatMap((named) => named.store.keysFor(named.host, named.port))
        .filter(({ marker }) => marker === "revoked"),
    keyTypes: () => store.typesOf(host, port),
    authority: () => store.authorityOf(host, port),
    badLines: () => store.badLinesOf(host, port),
    record: (blob) =>
      keep.store.record({
        host: keep.host,
        port: keep.port,
        blob,
        ...(keep.hashed === true ? { hashed: true } : {}),
        ...(pin === undefined ? {} : { comment: pin.node }),
      }),
  };
}
