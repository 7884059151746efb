import { describe, expect, test } from "vitest";
import type { CheckReport, CleanupReport, NodeReport, TrustReport } from "../../../agent/index.ts";
import { cleanDeep } from "../../../cli/render/clean-deep.ts";
import { toDocument, toNames } from "../../../cli/render/document.ts";
import { fillFixes } from "../../../cli/render/fill-fix.ts";
import { renderReportTable } from "../../../cli/render/report-table.ts";
import { renderSummary } from "../../../cli/render/summary.ts";
import { IN_FORCE, pushReport, timedOut, verifyReport } from "../reports.ts";

const MIXED = pushReport([
  { effectiveBy: IN_FORCE, path: "/var/lib/kubelet/config.json", pathProof: "proven" },
  { result: "unchanged" },
  { effectiveBy: IN_FORCE, restarted: true, kept: "/var/lib/kubelet/.pullcast/kept-1" },
  timedOut("worker-4", "10.0.0.4"),
  timedOut("worker-5", "10.0.0.5"),
  { result: "skipped", code: "PC115", address: "", message: "Windows nodes are not served" },
]);

const plain = { wide: false };

test("a push of few nodes: a row for each", () => {
  expect(renderReportTable(MIXED, plain)).toMatchInlineSnapshot(`
    "NODE       ADDRESS    RESULT      CODE    IN FORCE      MESSAGE
    worker-1   10.0.0.1   updated     -       by 05:12:33   -
    worker-2   10.0.0.2   unchanged   -       now           -
    worker-3   10.0.0.3   updated     -       now           -
    worker-4   10.0.0.4   failed      PC203   -             the connection timed out: 10.0.0.4:22 after 10 s
    worker-5   10.0.0.5   failed      PC203   -             the connection timed out: 10.0.0.5:22 after 10 s
    worker-6   -          skipped     PC115   -             Windows nodes are not served
    "
  `);
});

test("a comparison of 1,000 nodes stays one screen: nodes with the same changes share their rows", () => {
  const changes = [
    { key: "a.example", change: "added" },
    { key: "b.example", change: "foreign" },
    { key: "c.example", change: "kept", manager: "ci" },
  ] as const;
  const items = Array.from({ length: 1000 }, (_, at) =>
    at === 500 ? { result: "unchanged" as const } : { result: "would-update" as const, changes },
  );
  const report = { ...pushReport(items), dryRun: "server" as const };
  expect(renderReportTable(report, plain)).toMatchInlineSnapshot(`
    "NODES                     RESULT         CODE   CHANGE    KEY         NOTE
    worker-[1-500,502-1000]   would-update   -      added     a.example   -
    worker-[1-500,502-1000]   would-update   -      foreign   b.example   of others, stays as it is
    worker-[1-500,502-1000]   would-update   -      kept      c.example   field manager ci
    worker-501                unchanged      -      -         -           -
    "
  `);
});

test("where no kubelet was seen, nothing is said to come in force", () => {
  const report = pushReport([{ effectiveBy: IN_FORCE, pathProof: "assumed" }]);
  expect(renderReportTable(report, plain)).not.toContain("05:12:33");
  expect(renderSummary(report)).toEqual(["1 updated in 2.1 s"]);
});

test("wide tells how, where and how long", () => {
  expect(renderReportTable(MIXED, { wide: true })).toMatchInlineSnapshot(`
    "NODE       ADDRESS    RESULT      CODE    IN FORCE      TIME    PHASE     PATH                           FOUND    KEPT                                MESSAGE
    worker-1   10.0.0.1   updated     -       by 05:12:33   0.8 s   -         /var/lib/kubelet/config.json   proven   -                                   -
    worker-2   10.0.0.2   unchanged   -       now           0.8 s   -         -                              -        -                                   -
    worker-3   10.0.0.3   updated     -       now           0.8 s   -         -                              -        /var/lib/kubelet/.pullcast/kept-1   -
    worker-4   10.0.0.4   failed      PC203   -             0.8 s   connect   -                              -        -                                   the connection timed out: 10.0.0.4:22 after 10 s
    worker-5   10.0.0.5   failed      PC203   -             0.8 s   connect   -                              -        -                                   the connection timed out: 10.0.0.5:22 after 10 s
    worker-6   -          skipped     PC115   -             0.8 s   -         -                              -        -                                   Windows nodes are not served
    "
  `);
});

test("the summary: causes with their fix, counts, when it is in force", () => {
  expect(renderSummary(MIXED).join("\n")).toMatchInlineSnapshot(`
    "PC203 the connection timed out (2: worker-[4-5])
      ADDRESS:22 after 10 s
      fix: check routes and firewalls, or use another --address
    2 updated, 1 unchanged, 2 failed, 1 skipped in 2.1 s
    in force by 05:12:33 at the latest: a kubelet reads the file every 5 minutes (--restart-kubelet: at once)"
  `);
});

test("a verify: what ran, and the registry's words", () => {
  const report = verifyReport([
    {},
    { ran: "no shell" },
    {
      result: "denied",
      ran: "-",
      code: "PC401",
      message: "the registry denied the pull: 401 Unauthorized",
      fix: "check that the pushed credential may pull this repository",
    },
  ]);
  expect(renderReportTable(report, plain)).toMatchInlineSnapshot(`
    "NODE       RESULT   CODE    RAN        MESSAGE
    worker-1   pulled   -       SUCCESS    -
    worker-2   pulled   -       no shell   -
    worker-3   denied   PC401   -          the registry denied the pull: 401 Unauthorized
    "
  `);
  expect(renderSummary(report).join("\n")).toMatchInlineSnapshot(`
    "PC401 the registry denied the pull (worker-3)
      401 Unauthorized
      fix: check that the pushed credential may pull this repository
    2 pulled, 1 denied in 3.1 s"
  `);
});

test("from 50 nodes on, a row for each cause, names folded", () => {
  const name = (at: number) => `node-${String(at).padStart(2, "0")}`;
  const items = Array.from({ length: 50 }, (_, at) =>
    at % 10 === 3
      ? timedOut(name(at), `10.0.0.${at}`)
      : { node: name(at), address: `10.0.0.${at}`, effectiveBy: IN_FORCE },
  );
  const report = pushReport(items);
  expect(renderReportTable(report, plain)).toMatchInlineSnapshot(`
    "COUNT   RESULT    CODE    IN FORCE      NODES                                        MESSAGE
    45      updated   -       by 05:12:33   node-[00-02,04-12,14-22,24-32,34-42,44-49]   -
    5       failed    PC203   -             node-[03,13,23,33,43]                        the connection timed out: ADDRESS:22 after 10 s
    "
  `);
  expect(renderSummary(report).join("\n")).toMatchInlineSnapshot(`
    "PC203 the connection timed out (5: node-[03,13,23,33,43])
      ADDRESS:22 after 10 s
      fix: check routes and firewalls, or use another --address
    45 updated, 5 failed in 2.1 s
    in force by 05:12:33 at the latest: a kubelet reads the file every 5 minutes (--restart-kubelet: at once)"
  `);
  expect(renderReportTable(report, { wide: true }).split("\n")).toHaveLength(52);
  expect(renderReportTable(pushReport(items.slice(1)), plain).split("\n")).toHaveLength(51);
});

const LONG_NODE = "ip-10-20-30-40.eu-central-1.compute.internal";
const CONTAINERD =
  'failed to pull and unpack image "reg.example.com:5000/team/app:1": failed to resolve reference "reg.example.com:5000/team/app:1": unexpected status from HEAD request to https://reg.example.com:5000/v2/team/app/manifests/1: 401 Unauthorized';

describe("on a terminal", () => {
  const denied = (node: string) => ({
    node,
    result: "denied" as const,
    ran: "-" as const,
    code: "PC401" as const,
    message: `the registry denied the pull: ${CONTAINERD}`,
    fix: "check the credential",
  });

  test.each([60, 80, 120, 200])(
    "of %i columns no line is longer, and the end of a message stays",
    (width) => {
      const verify = verifyReport([{}, denied("worker-2"), denied(LONG_NODE)]);
      const push = pushReport([
        { effectiveBy: IN_FORCE },
        { ...timedOut("worker-2", "10.0.0.2"), message: `x: ${CONTAINERD}` },
      ]);
      for (const report of [verify, push]) {
        const lines = renderReportTable(report, { wide: false, width }).split("\n");
        expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(
          Math.max(width, 73),
        );
        expect(lines.filter((line) => line.endsWith("401 Unauthorized"))).toHaveLength(
          report.items.filter(({ message }) => message).length,
        );
      }
    },
  );

  test("of 80 columns a message that has no room stands under its node", () => {
    const report = pushReport([{ effectiveBy: IN_FORCE }, timedOut("worker-2", "10.0.0.2")]);
    expect(renderReportTable(report, { wide: false, width: 80 })).toMatchInlineSnapshot(`
      "NODE       ADDRESS    RESULT    CODE    IN FORCE      MESSAGE
      worker-1   10.0.0.1   updated   -       by 05:12:33   -
      worker-2   10.0.0.2   failed    PC203   -
         the connection timed out: 10.0.0.2:22 after 10 s
      "
    `);
  });

  test("the wide table and a pipe have a message whole", () => {
    const report = verifyReport([denied("worker-1")]);
    expect(renderReportTable(report, { wide: true })).toContain(CONTAINERD);
    expect(renderReportTable(report, plain)).toContain("the registry denied the pull: unexpected");
  });

  test("a check of many names fits, and a name that is cut ends as it is", () => {
    const report: CheckReport = {
      ...CHECK,
      items: Array.from({ length: 9 }, (_, at) => ({
        ...ok,
        group: "rbac",
        name: `${"abcdefghi"[at]} pods in a place`,
        message: "allowed in default, for verify",
      })),
    };
    const [, row = ""] = renderReportTable(report, { wide: false, width: 100 }).split("\n");
    expect(row.length).toBeLessThanOrEqual(100);
    expect(row).toContain(" and 7 more");
  });
});

describe("50 nodes with new host keys", () => {
  const key = (at: number) => `SHA256:${String(at).padStart(43, "k")}`;
  const items = Array.from({ length: 50 }, (_, at) => ({
    node: `node-${at + 1}`,
    address: `10.0.0.${at + 1}:2222`,
    result: "failed" as const,
    code: "PC211" as const,
    message: `the host key is not known: [10.0.0.${at + 1}]:2222 offers ED25519 ${key(at)}`,
    fix: `ssh-keyscan -p 2222 10.0.0.${at + 1}`,
  }));

  test("are one row and two lines", () => {
    const report = pushReport(items);
    expect(renderReportTable(report, plain)).toMatchInlineSnapshot(`
      "COUNT   RESULT   CODE    IN FORCE   NODES         MESSAGE
      50      failed   PC211   -          node-[1-50]   the host key is not known: [ADDRESS]:2222 offers ED25519 SHA256:…
      "
    `);
    expect(renderSummary(report, { isTold: (text) => text.includes("offers") })).toEqual([
      "PC211 the host key is not known (50: node-[1-50])",
      "  fix: ssh-keyscan -p 2222 ADDRESS",
      "50 failed in 2.1 s",
    ]);
  });

  test("and what was not told yet is told without what is each node's own", () => {
    expect(renderSummary(pushReport(items))[1]).toBe("  [ADDRESS]:2222 offers ED25519 SHA256:…");
  });
});

test("different words under one code are told one by one, three at most", () => {
  const items = ["EIO", "EIO", "ENOSPC", "EROFS", "EDQUOT"].map((word) => ({
    result: "failed" as const,
    code: "PC313" as const,
    message: `writing failed: ${word}`,
    fix: "look at dmesg",
  }));
  expect(renderSummary(pushReport(items))).toEqual([
    "PC313 writing failed (5: worker-[1-5])",
    "  worker-[1-2]: EIO",
    "  worker-3: ENOSPC",
    "  worker-4: EROFS",
    "  and 1 more: -o wide or json",
    "  fix: look at dmesg",
    "5 failed in 2.1 s",
  ]);
});

test("quiet leaves out warnings and the time, never the step that mends a failure", () => {
  const warnings = [{ code: "PC321", message: "no kubelet was seen" }] as const;
  const report = pushReport([
    { warnings, effectiveBy: IN_FORCE },
    timedOut("worker-2", "10.0.0.2"),
  ]);
  expect(renderSummary(report, { quiet: true, isTold: () => true })).toEqual([
    "PC203 the connection timed out (worker-2)",
    "  fix: check routes and firewalls, or use another --address",
    "1 updated, 1 failed in 2.1 s",
  ]);
});

test("warnings of nodes come once, with their nodes", () => {
  const warnings = [{ code: "PC321", message: "no kubelet was seen" }] as const;
  const report = pushReport([{ warnings }, { warnings }, {}]);
  expect(renderSummary(report)[0]).toBe("! PC321 no kubelet was seen (worker-[1-2])");
});

test("the document is what programs were promised", () => {
  expect(toDocument([MIXED])).toMatchObject({
    apiVersion: "pullcast.dev/v1alpha1",
    kind: "PushReport",
    summary: { updated: 2, unchanged: 1, failed: 2, skipped: 1 },
    run: "20261124T050102Z-1f3a5b",
    interrupted: false,
  });
  const [first] = (toDocument([MIXED]) as object as { items: object[] }).items;
  expect(first).toEqual({
    node: "worker-1",
    address: "10.0.0.1",
    result: "updated",
    durationMs: 800,
    effectiveBy: IN_FORCE,
    path: "/var/lib/kubelet/config.json",
    pathProof: "proven",
  });
  expect(toDocument([MIXED, verifyReport([{}])])).toMatchObject({
    apiVersion: "pullcast.dev/v1alpha1",
    kind: "List",
    items: [{ kind: "PushReport" }, { kind: "VerifyReport", summary: { pulled: 1 } }],
  });
});

test("names are those that ended well in every report", () => {
  expect(toNames([MIXED])).toBe("node/worker-1\nnode/worker-2\nnode/worker-3\n");
  const proof = verifyReport([{}, { result: "denied" }, { result: "public" }]);
  expect(toNames([MIXED, proof])).toBe("node/worker-1\n");
});

test("a node that was taken back has not ended well, though it is as it was", () => {
  const [first] = MIXED.items;
  if (first === undefined) throw new Error("no node");
  const restored: NodeReport = { ...first, result: "restored" };
  const named = (item: NodeReport) => toNames([{ ...MIXED, items: [item] }]);
  expect(named(restored)).toBe("node/worker-1\n");
  expect(named({ ...restored, code: "PC555" })).toBe("");
});

test("a cleanup names its pods", () => {
  const report: CleanupReport = {
    kind: "CleanupReport",
    startedAt: "2026-11-24T05:01:02.000Z",
    durationMs: 300,
    interrupted: false,
    items: [
      { namespace: "ci", name: "pullcast-1", node: "worker-1", result: "removed" },
      { namespace: "ci", name: "pullcast-2", result: "failed", message: "forbidden" },
    ],
  };
  expect(renderReportTable(report, plain)).toMatchInlineSnapshot(`
    "NAMESPACE   POD          NODE       RESULT    MESSAGE
    ci          pullcast-1   worker-1   removed   -
    ci          pullcast-2   -          failed    forbidden
    "
  `);
  expect(renderSummary(report)).toEqual(["1 removed, 1 failed in 0.3 s"]);
  expect(toNames([report])).toBe("pod/pullcast-1\n");
  expect(renderSummary({ ...report, items: [] })).toEqual(["no test pods in 0.3 s"]);
});

const TRUST: TrustReport = {
  kind: "TrustReport",
  run: "20261124T050102Z-1f3a9c",
  startedAt: "2026-11-24T05:01:02.000Z",
  durationMs: 2300,
  context: "prod",
  interrupted: false,
  file: "/home/u/.local/state/pullcast/known_hosts",
  trusted: ["the API server https://10.0.0.1:6443", "each node for itself", "the image busybox"],
  items: [
    {
      node: "worker-1",
      uid: "u1",
      result: "trusted",
      keys: [
        { type: "ED25519", fingerprint: "SHA256:aaa" },
        { type: "RSA", fingerprint: "SHA256:bbb" },
      ],
      durationMs: 900,
    },
    {
      node: "worker-2",
      result: "failed",
      code: "PC250",
      message: "not found",
      fix: "kubectl describe node NODE; another --image or -n may help",
      keys: [],
      durationMs: 900,
    },
  ],
};

test("a trust shows each key of each node, and on whose word they are pinned", () => {
  expect(renderReportTable(TRUST, plain)).toMatchInlineSnapshot(`
    "NODE       RESULT    CODE    TYPE      FINGERPRINT   MESSAGE
    worker-1   trusted   -       ED25519   SHA256:aaa    -
    worker-1   trusted   -       RSA       SHA256:bbb    -
    worker-2   failed    PC250   -         -             not found
    "
  `);
  expect(renderSummary(fillFixes(TRUST))).toEqual([
    "PC250 the pod that reads the node's host keys did not run (worker-2)",
    "  not found",
    "  fix: kubectl describe node worker-2; another --image or -n may help",
    "pinned by node UID in /home/u/.local/state/pullcast/known_hosts, on the word of the API server https://10.0.0.1:6443, each node for itself and the image busybox",
    "1 trusted, 1 failed in 2.3 s",
  ]);
  expect(renderSummary(TRUST, { quiet: true })).not.toContainEqual(expect.stringMatching(/pinned/));
  expect(toNames([TRUST])).toBe("node/worker-1\n");
  expect(toDocument([TRUST])).toMatchObject({
    kind: "TrustReport",
    summary: { trusted: 1, failed: 1 },
  });
  // Where nothing is pinned nobody was trusted.
  const none = { ...TRUST, items: TRUST.items.slice(1) };
  expect(renderSummary(none)).not.toContainEqual(expect.stringMatching(/pinned/));
});

test("no control character of a node, registry or API writer gets out", () => {
  const evil = "\u001b]52;c;aGk=\u0007\r\n\u202enode\u009b2J";
  const report = cleanDeep(
    pushReport([{ node: evil, message: evil, fix: evil, result: "failed", code: "PC301" }]),
  );
  const texts = [
    renderReportTable(report, plain),
    renderReportTable(report, { wide: true }),
    renderSummary(report).join("\n"),
    JSON.stringify(toDocument([report])),
    toNames([report]),
  ];
  for (const text of texts) expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(texts[0]?.split("\n")).toHaveLength(3);
});

const ok = { result: "ok", code: "PC000" } as const;
const CHECK: CheckReport = {
  kind: "CheckReport",
  startedAt: "2026-11-24T05:02:02.000Z",
  durationMs: 3100,
  context: "prod",
  interrupted: false,
  items: [
    { group: "kubectl", name: "context", ...ok, message: "prod (https://10.0.0.1:6443)" },
    {
      group: "ssh",
      name: "worker-1",
      ...ok,
      message: "push would write /var/lib/kubelet/config.json",
    },
    {
      group: "ssh",
      name: "worker-2",
      ...ok,
      message: "push would write /var/lib/kubelet/config.json",
    },
    {
      group: "ssh",
      name: "worker-3",
      result: "failed",
      code: "PC202",
      message: "the connection was refused: 10.0.0.3:22",
      fix: "check that sshd listens there",
    },
    {
      group: "registry",
      name: "reg.io",
      result: "warning",
      code: "PC434",
      message: "this credential may push",
      fix: "make one that may only pull",
    },
  ],
};

test("a check: equal lines of a group are one, in every number", () => {
  expect(renderReportTable(CHECK, plain)).toMatchInlineSnapshot(`
    "GROUP      RESULT    CODE    NAME           MESSAGE
    kubectl    ok        -       context        prod (https://10.0.0.1:6443)
    ssh        ok        -       worker-[1-2]   push would write /var/lib/kubelet/config.json
    ssh        failed    PC202   worker-3       the connection was refused: 10.0.0.3:22
    registry   warning   PC434   reg.io         this credential may push
    "
  `);
  expect(renderReportTable(CHECK, { wide: true }).split("\n")).toHaveLength(7);
});

test("a check's summary: warnings, then failures, each with its step", () => {
  expect(renderSummary(CHECK).join("\n")).toMatchInlineSnapshot(`
    "! PC434 this credential may push, and every pod on a node may use it (reg.io)
      this credential may push
      fix: make one that may only pull
    PC202 the connection was refused (worker-3)
      10.0.0.3:22
      fix: check that sshd listens there
    3 ok, 1 failed, 1 warning of 5 checks in 3.1 s"
  `);
});

test("a check of many nodes with new host keys is one row, and one cause", () => {
  const report: CheckReport = {
    ...CHECK,
    items: Array.from({ length: 60 }, (_, at) => ({
      group: "ssh",
      name: `node-${at + 1}`,
      result: "failed",
      code: "PC211",
      message: `the host key is not known: 10.0.0.${at}:22 offers ${at}`,
      fix: "compare it",
    })),
  };
  expect(renderReportTable(report, plain).split("\n").slice(1)).toEqual([
    "ssh     failed   PC211   node-[1-60]   the host key is not known",
    "",
  ]);
  expect(renderSummary(report)).toEqual([
    "PC211 the host key is not known (60: node-[1-60])",
    "  node-1: 10.0.0.0:22 offers 0",
    "  node-2: 10.0.0.1:22 offers 1",
    "  node-3: 10.0.0.2:22 offers 2",
    "  and 57 more: -o wide or json",
    "  fix: compare it",
    "60 failed of 60 checks in 3.1 s",
  ]);
});

test("a check as a document and as names", () => {
  expect(toDocument([CHECK])).toMatchObject({
    kind: "CheckReport",
    summary: { ok: 3, failed: 1, warning: 1 },
    items: CHECK.items,
  });
  expect(toNames([CHECK])).toBe("node/worker-1\nnode/worker-2\n");
});
