import { type Code, PullcastError } from "../errors.ts";
import type { Phase } from "../model.ts";

interface SshErrorOptions {
  /** `host:port`, which every message begins with. */
  readonly at: string;
  readonly phase: Phase;
  readonly detail?: string;
  readonly fix?: string;
  readonly cause?: unknown;
}

/** A PullcastError whose detail begins with the address. */
export function sshError(code: Code, options: SshErrorOptions): PullcastError {
  const { at, detail, ...rest } = options;
  return new PullcastError(code, { ...rest, detail: detail ? `${at}: ${detail}` : at });
}

/** `HOST:PORT`, `[IPV6]:PORT`. */
export function hostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** An address and the way there: `HOST:PORT via JUMP:PORT`. */
export function placeVia(
  { host, port }: { readonly host: string; readonly port: number },
  via: string | undefined,
): string {
  return via === undefined ? hostPort(host, port) : `${hostPort(host, port)} via ${via}`;
}

/** A limit as people say it: `10 s`, `1.5 s`. */
export function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

/** `code` of a Node system error, or `""`. */
export function systemCode(error: unknown): string {
  const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}
