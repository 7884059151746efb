/** A host split for matching. */
export interface HostPort {
  /** What stands between the dots. */
  readonly labels: readonly string[];
  /** Empty where none is given. */
  readonly port: string;
}

const WITH_PORT = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:[\]]*)$/;

/**
 * Splits a host as the kubelet does: an IPv6 address keeps its brackets unless a port follows, and
 * what can't be split is a host without a port.
 *
 * Source: kubernetes pkg/credentialprovider/keyring.go (SplitURL) over Go's net.SplitHostPort.
 */
export function splitHost(text: string): HostPort {
  const [, literal, name = literal, port = ""] = WITH_PORT.exec(text) ?? [];
  return { labels: (name ?? text).split("."), port };
}
