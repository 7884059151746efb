import type { Code } from "../../errors.ts";
import type { Notice, Phase, Problem, TransportChoice } from "../../model.ts";

/** One setting and who said so. */
export interface DiagnosedSetting {
  readonly name: string;
  readonly value: string;
  readonly source: "flag" | "ssh-config" | "node" | "default";
  /**
   * The flag, `FILE:LINE` of ssh's configuration, `ProxyJump` for what that says of a jump host, or the kind of the
   * node's address; absent where only ssh can tell.
   */
  readonly place?: string;
}

/** What known_hosts says of a host. */
export interface DiagnosedHostKey {
  /** The name that known_hosts is asked for. */
  readonly knownAs: string;
  /** `ask`: as `strict`, but on a terminal push asks. */
  readonly checking: "strict" | "accept-new" | "ask";
  readonly known: readonly {
    /** Type and fingerprint. */
    readonly key: string;
    /** `FILE:LINE`. */
    readonly place: string;
    readonly marker?: "revoked" | "cert-authority";
  }[];
}

/** A user certificate of OpenSSH, by its own words: who signed it is not looked at. */
export interface DiagnosedCertificate {
  readonly keyId: string;
  readonly from: string;
  /** Login names; none means any. */
  readonly principals: readonly string[];
  /** RFC 3339; absent where it has no end. */
  readonly validBefore?: string;
}

/** A host on the way to a node, the node itself too. */
export interface DiagnosedHost {
  readonly role: "jump" | "node";
  /** `host:port`, with the way there. */
  readonly address: string;
  readonly user: string;
  /** The name that ssh's configuration was asked about; absent where it wasn't. */
  readonly alias?: string;
  readonly settings: readonly DiagnosedSetting[];
  /** In the order they would be offered. */
  readonly keys: readonly { readonly key: string; readonly from: string }[];
  /** Certificates that ssh would offer with the keys. */
  readonly certificates: readonly DiagnosedCertificate[];
  /** What would not be offered, and why. */
  readonly leftOut: readonly string[];
  readonly hostKey: DiagnosedHostKey;
}

/** A step of a probe. */
export interface ProbeStep {
  readonly name: Phase | "sudo" | "shell" | "clock" | "kubelet" | "disk";
  /** `host:port` with the way there, for steps of a connection. */
  readonly at?: string;
  readonly result: "ok" | "failed";
  /** PC000 for `ok`. */
  readonly code: Code;
  /** Absent where the step is part of another. */
  readonly durationMs?: number;
  readonly message: string;
}

/**
 * - `ready`: nothing that is known without connecting speaks against a login
 * - `works`: a probe went the way of a push up to its first write
 * - `failed`: a push would fail
 * - `skipped`: never a target (Windows, virtual, …)
 */
export type DiagnosisResult = "ready" | "works" | "failed" | "skipped";

/** How one node is reached, and what stands in the way. */
export interface DiagnosedNode extends Partial<TransportChoice> {
  readonly node: string;
  readonly uid?: string;
  readonly result: DiagnosisResult;
  /** The host reached first first, the node last; empty where no way was found. */
  readonly route: readonly DiagnosedHost[];
  /** With `probe`, as far as it came. */
  readonly steps?: readonly ProbeStep[];
  /** Errors first. */
  readonly problems: readonly Problem[];
}

/** How nodes are reached. */
export interface Diagnosis {
  readonly kind: "Diagnosis";
  readonly startedAt: string;
  readonly durationMs: number;
  /** kubectl's context, absent for `--hosts`. */
  readonly context?: string;
  readonly probed: boolean;
  /** What is to be known of how ssh's configuration was read. */
  readonly notices: readonly Notice[];
  readonly items: readonly DiagnosedNode[];
}
