/** One hop of ssh's ProxyJump. */
export interface JumpHost {
  /** What ssh is asked about. */
  readonly alias: string;
  readonly user?: string;
  readonly port?: number;
}

const HOP = /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/;

/**
 * Reads a ProxyJump value: `[USER@]HOST[:PORT]` or `ssh://` URIs, comma-separated (ssh_config(5)).
 *
 * @returns the hops, the one reached first first; `undefined` where it can't be read
 */
export function parseProxyJump(value: string): readonly JumpHost[] | undefined {
  const hops: JumpHost[] = [];
  for (const text of value.split(",")) {
    const [, user, bracketed, plain, port] = HOP.exec(text.trim()) ?? [];
    const alias = bracketed ?? plain;
    const number = port === undefined ? undefined : Number(port);
    if (alias === undefined || number === 0 || (number ?? 1) > 65_535) return undefined;
    hops.push({
      alias,
      ...(user === undefined ? {} : { user }),
      ...(number === undefined ? {} : { port: number }),
    });
  }
  return hops;
}
