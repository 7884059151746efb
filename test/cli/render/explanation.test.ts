import { expect, test } from "vitest";
import type { Explanation } from "../../../agent/index.ts";
import { renderExplanation } from "../../../cli/render/explanation.ts";

/** It is shown in local time. */
const FROM = new Date(2026, 10, 26, 10, 5, 0).toISOString();

const EXPLANATION: Explanation = {
  kind: "Explanation",
  image: "reg.io/team/app:1",
  repository: "reg.io/team/app",
  result: "tried",
  source: { type: "node", name: "/var/lib/kubelet/config.json" },
  candidates: [
    { key: "reg.io/team", username: "robot", source: "secret default/pull" },
    { key: "reg.io", username: "", source: "/var/lib/kubelet/config.json" },
    { key: "*.io", source: "provider any" },
  ],
  ignored: [{ key: "other.io", why: "another host", source: "/var/lib/kubelet/config.json" }],
  problems: [
    {
      code: "PC513",
      severity: "warning",
      message: "the kubelet may still use what it read before the last change: until 10:05",
      fix: "wait",
    },
  ],
  pod: {
    namespace: "default",
    name: "web-0",
    node: "worker-1",
    serviceAccount: "default",
    imagePullPolicy: "IfNotPresent",
    pullSecrets: [
      { name: "pull", state: "found" },
      { name: "gone", state: "missing" },
    ],
  },
  node: {
    name: "worker-1",
    address: "10.0.0.1",
    kubeletVersion: "v1.35.4",
    now: "2026-11-24T10:00:00.000Z",
    rootDir: "/var/lib/kubelet",
    rootProof: "proven",
    cwd: "/",
    home: "/",
    flags: { v: "2" },
    kubelet: {
      pid: 97,
      startedAt: "2026-11-24T09:00:00.000Z",
      process: "kubelet",
      executable: "/usr/bin/kubelet",
      unit: "kubelet.service",
    },
    places: [
      {
        path: "/var/lib/kubelet/config.json",
        status: "used",
        mode: "0600",
        uid: 0,
        sizeBytes: 80,
        changedAt: "2026-11-24T09:59:00.000Z",
      },
      { path: "/config.json", status: "absent" },
    ],
    effectiveBy: FROM,
    lastReadAt: "2026-11-24T10:00:00.000Z",
    providers: [{ name: "any", serves: true, matchImages: ["*.io"], programPresent: true }],
    runtime: [{ path: "/etc/c.toml", type: "mirror", registry: "reg.io", target: "mirror.io" }],
    log: [{ at: "2026-11-24T10:00:00.000Z", text: "PullImage failed" }],
  },
};

test("the answer comes first, then what it rests on, and last what mends it", () => {
  expect(renderExplanation(EXPLANATION, { wide: false })).toMatchInlineSnapshot(`
    "worker-1 (kubelet v1.35.4) tries 3 credentials, one after another, for reg.io/team/app, from
    10:05:00 on at the latest.

    TRIED   KEY           USER                   FROM
    1       reg.io/team   robot                  secret default/pull
    2       reg.io        (empty)                /var/lib/kubelet/config.json
    3       *.io          (asked at each pull)   provider any

    NOT TRIED   FROM                           WHY
    other.io    /var/lib/kubelet/config.json   another host

    Pod default/web-0:
      pull secrets    pull, gone (missing)
      ServiceAccount  default
      pull policy     IfNotPresent: pulls only what the node lacks
      node            worker-1

    PLACE    FILE                           MODE   UID   CHANGED
    used     /var/lib/kubelet/config.json   0600   0     2026-11-24T09:59:00.000Z
    absent   /config.json                   -      -     -

    Node worker-1:
      root directory  /var/lib/kubelet (proven)
      cwd and home    /  /
      kubelet         kubelet, pid 97, since 2026-11-24T09:00:00.000Z, kubelet.service
      last reading    2026-11-24T10:00:00.000Z
      clock           2026-11-24T10:00:00.000Z
      --v             2

    PROVIDER   SERVES   PROGRAM   PATTERNS
    any        yes      present   *.io

    RUNTIME   REGISTRY   TO          FILE
    mirror    reg.io     mirror.io   /etc/c.toml

    Last words of the kubelet's log:
      2026-11-24T10:00:00.000Z PullImage failed

    ! PC513 the kubelet may still use what it read before the last change: until 10:05
      fix: wait
    "
  `);
});

test("nothing to try: the runtime's own login is named", () => {
  const { node, ...rest } = EXPLANATION;
  const runtime = [{ path: "/etc/c.toml", type: "login", registry: "reg.io" }] as const;
  const text = renderExplanation(
    {
      ...rest,
      result: "none",
      candidates: [],
      ...(node === undefined ? {} : { node: { ...node, runtime } }),
    },
    { wide: false },
  );
  expect(text.split("\n\n")[0]).toMatchInlineSnapshot(`
    "worker-1 (kubelet v1.35.4) pulls reg.io/team/app without any credential; the runtime may use its own
    login (/etc/c.toml), from 10:05:00 on at the latest."
  `);
});

test("long lists are cut unless wide asks for all", () => {
  const ignored = Array.from({ length: 12 }, (_, at) => ({
    key: `r${at}.io`,
    why: "w",
    source: "s",
  }));
  const { node: _node, ...rest } = EXPLANATION;
  expect(renderExplanation({ ...rest, ignored }, { wide: false })).toContain(
    "and 2 more (-o wide tells them)",
  );
  expect(renderExplanation({ ...rest, ignored }, { wide: true })).toContain("r11.io");
});

test("no table is wider than the terminal", () => {
  const key = `${"very-".repeat(12)}long.example.com/team`;
  const candidates = EXPLANATION.candidates.map((one) => ({ ...one, key }));
  const shown = (style: { wide: boolean; width?: number }) =>
    renderExplanation({ ...EXPLANATION, candidates, problems: [] }, style).split("\n");
  const row = (lines: readonly string[]) => lines.find((line) => line.startsWith("1 ")) ?? "";
  expect([...row(shown({ wide: false, width: 80 }))].length).toBeLessThanOrEqual(80);
  expect(row(shown({ wide: true }))).toContain(key);
});
