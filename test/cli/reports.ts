import type { NodeReport, PullReport, PushReport, VerifyReport } from "../../agent/index.ts";

/** In local time, so that expected texts hold in every time zone. */
export const IN_FORCE = new Date(2026, 10, 24, 5, 12, 33).toISOString();

/** A push with the given ends. */
export function pushReport(items: readonly Partial<NodeReport>[]): PushReport {
  return {
    kind: "PushReport",
    credentials: [],
    run: "20261124T050102Z-1f3a5b",
    startedAt: "2026-11-24T05:01:02.000Z",
    durationMs: 2100,
    context: "prod",
    interrupted: false,
    items: items.map((item, at) => ({
      node: `worker-${at + 1}`,
      address: `10.0.0.${at + 1}`,
      result: "updated",
      durationMs: 800,
      ...item,
    })),
  };
}

/** A verify with the given ends. */
export function verifyReport(items: readonly Partial<PullReport>[]): VerifyReport {
  return {
    kind: "VerifyReport",
    run: "20261124T050202Z-1f3a5b",
    startedAt: "2026-11-24T05:02:02.000Z",
    durationMs: 3100,
    context: "prod",
    interrupted: false,
    items: items.map((item, at) => ({
      node: `worker-${at + 1}`,
      result: "pulled",
      image: "r.io/team/app:1",
      ran: "SUCCESS",
      attempts: 1,
      durationMs: 1200,
      ...item,
    })),
  };
}

/** A node that timed out, told with its own address. */
export function timedOut(node: string, address: string): Partial<NodeReport> {
  return {
    node,
    address,
    result: "failed",
    code: "PC203",
    phase: "connect",
    message: `the connection timed out: ${address}:22 after 10 s`,
    fix: "check routes and firewalls, or use another --address",
  };
}
