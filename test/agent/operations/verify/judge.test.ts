import { expect, test } from "vitest";
import {
  type Evidence,
  judgeTry,
  mayBeStale,
  notYet,
} from "../../../../agent/operations/verify/judge.ts";
import type { PodTry } from "../../../../agent/operations/verify/try-pod.ts";
import { parseReference } from "../../../../agent/registry/reference.ts";
import { clusterNode } from "../../cluster/cluster-node.ts";

const NOW = new Date("2026-11-24T05:00:00Z");

function evidence(fields: Partial<Evidence> = {}): Evidence {
  return {
    proof: "pull",
    target: { name: "n1", host: "n1", addressKind: "name", node: clusterNode() },
    reference: parseReference("reg.example/a:1"),
    image: "reg.example/a:1",
    anonymous: { result: "denied" },
    assumePrivate: false,
    effectiveBy: undefined,
    deniedBefore: false,
    ...fields,
  };
}

function tried(outcome: PodTry["outcome"], ran: PodTry["ran"] = "-"): PodTry {
  return { createdAt: NOW, durationMs: 1, outcome, ran };
}

const PULLED = tried({ type: "pulled", ran: "exited" }, "SUCCESS");
const NOT_FOUND = tried({ type: "refused", message: "reg.example/a@sha256:0: not found" });
const DENIED = tried({ type: "refused", message: "401 Unauthorized" });

test("a pull that strangers are refused is the proof", () => {
  expect(judgeTry(PULLED, evidence())).toEqual({ result: "pulled", ran: "SUCCESS" });
  expect(judgeTry(PULLED, evidence({ anonymous: { result: "not-found" } }))?.result).toBe("pulled");
});

test("a pull that anybody can do proves nothing", () => {
  expect(judgeTry(PULLED, evidence({ anonymous: { result: "public" } }))).toMatchObject({
    result: "public",
    code: "PC470",
    ran: "SUCCESS",
  });
  expect(judgeTry(DENIED, evidence({ anonymous: { result: "public" } }))?.result).toBe("denied");
});

test("what is doubtful about a pull is said", () => {
  const codes = (fields: Partial<Evidence>) =>
    judgeTry(PULLED, evidence(fields))?.warnings?.map(({ code }) => code);
  const later = new Date(NOW.getTime() + 1);
  expect(codes({ effectiveBy: later })).toEqual(["PC501"]);
  expect(codes({ effectiveBy: later, deniedBefore: true })).toBeUndefined();
  expect(codes({ effectiveBy: NOW })).toBeUndefined();
  const gke = clusterNode({ labels: { "cloud.google.com/gke-nodepool": "p" } });
  const target = { name: "n1", host: "n1", addressKind: "name", node: gke };
  const reference = parseReference("europe-docker.pkg.dev/p/r/a:1");
  expect(codes({ target, reference })).toEqual(["PC505"]);
  expect(codes({ target })).toBeUndefined();
});

const UNKNOWN = { result: "unknown", reason: "no route" } as const;

test.each([
  ["pull", PULLED, "SUCCESS"],
  ["auth", NOT_FOUND, "-"],
] as const)(
  "--proof %s where nobody could ask as a stranger proves nothing",
  (proof, answer, ran) => {
    const judge = (fields: Partial<Evidence>) => judgeTry(answer, evidence({ proof, ...fields }));
    expect(judge({ anonymous: UNKNOWN })).toMatchObject({
      result: "unproven",
      code: "PC472",
      message: expect.stringContaining("no route"),
      fix: expect.stringContaining("--assume-private"),
      ran,
    });
    const untrusted = { ...UNKNOWN, untrusted: true } as const;
    expect(judge({ anonymous: untrusted })?.fix).toMatch(/--ca FILE/);
    const later = new Date(NOW.getTime() + 1);
    expect(judge({ anonymous: UNKNOWN, effectiveBy: later })?.warnings).toMatchObject([
      { code: "PC501" },
    ]);
  },
);

test("the user's word that strangers can't pull it counts where nobody could ask, and only there", () => {
  const judge = (anonymous: Evidence["anonymous"]) =>
    judgeTry(PULLED, evidence({ anonymous, assumePrivate: true }));
  expect(judge(UNKNOWN)).toMatchObject({
    result: "pulled",
    warnings: [{ code: "PC472", message: expect.stringContaining("--assume-private") }],
  });
  expect(judge({ result: "public" })?.result).toBe("public");
  expect(judge({ result: "denied" })).toEqual({ result: "pulled", ran: "SUCCESS" });
});

test("the zero-byte proof: not found means let in, unless strangers hear the same", () => {
  const auth = (anonymous: Evidence["anonymous"]) =>
    judgeTry(NOT_FOUND, evidence({ proof: "auth", anonymous }));
  expect(auth({ result: "denied" })).toMatchObject({
    result: "pulled",
    ran: "-",
    message: expect.stringContaining("let in"),
  });
  expect(auth({ result: "not-found" })).toMatchObject({ result: "unproven", code: "PC471" });
  expect(judgeTry(DENIED, evidence({ proof: "auth" }))?.result).toBe("denied");
  expect(judgeTry(PULLED, evidence({ proof: "auth" }))?.result).toBe("unproven");
  expect(judgeTry(NOT_FOUND, evidence())?.result).toBe("not-found");
});

test("only denials can be an older file's", () => {
  const stale = ["denied", "denied-or-missing", "not-found"] as const;
  const sure = [
    "pulled",
    "public",
    "rate-limited",
    "tls",
    "unreachable",
    "disk",
    "unproven",
  ] as const;
  for (const result of stale) expect(mayBeStale({ result }, { result: "not-found" })).toBe(true);
  for (const result of sure) expect(mayBeStale({ result }, { result: "not-found" })).toBe(false);
});

test("not found is final where strangers are denied: the registry has let this node in", () => {
  expect(mayBeStale({ result: "not-found" }, { result: "denied" })).toBe(false);
  expect(mayBeStale({ result: "denied" }, { result: "denied" })).toBe(true);
});

test("not yet keeps the registry's words", () => {
  const denial = judgeTry(DENIED, evidence());
  expect(denial && notYet(denial)).toMatchObject({
    result: "not-yet",
    code: "PC501",
    message: expect.stringContaining("401 Unauthorized"),
  });
});

test("a pod that was stopped proves nothing, a broken one is unproven with its code", () => {
  expect(judgeTry(tried({ type: "stopped" }), evidence())).toBeUndefined();
  const broken = tried({ type: "broken", code: "PC506", message: "quota" });
  expect(judgeTry(broken, evidence())).toMatchObject({
    result: "unproven",
    code: "PC506",
    message: "quota",
  });
});
