import { expect, test } from "vitest";
import type { Diagnosis } from "../../../agent/index.ts";
import { renderDiagnosis } from "../../../cli/render/diagnosis.ts";

const ROUTE: Diagnosis["items"][number]["route"] = [
  {
    role: "node",
    address: "10.0.0.7:22",
    user: "core",
    alias: "worker-7",
    settings: [
      { name: "host", value: "10.0.0.7", source: "node", place: "InternalIP" },
      { name: "user", value: "core", source: "ssh-config", place: "/home/me/.ssh/config:4" },
      { name: "agent", value: "/run/agent", source: "ssh-config" },
      { name: "port", value: "22", source: "default" },
    ],
    keys: [{ key: "ED25519 SHA256:abc", from: "agent laptop" }],
    certificates: [
      {
        keyId: "ada",
        from: "/home/me/.ssh/id-cert.pub",
        principals: ["core"],
        validBefore: "2026-01-02T00:00:00.000Z",
      },
    ],
    leftOut: ["~/.ssh/id_rsa was left out: it is encrypted"],
    hostKey: {
      knownAs: "10.0.0.7",
      checking: "strict",
      known: [{ key: "ED25519 SHA256:def", place: "/home/me/.ssh/known_hosts:41" }],
    },
  },
];

const diagnosis = (item: Partial<Diagnosis["items"][number]>): Diagnosis => ({
  kind: "Diagnosis",
  startedAt: "2026-01-01T00:00:00.000Z",
  durationMs: 12,
  probed: false,
  notices: [],
  items: [
    {
      node: "worker-7",
      result: "ready",
      transport: "ssh2",
      transportReason: "nothing asks for another",
      route: ROUTE,
      problems: [],
      ...item,
    },
  ],
});

test("the verdict comes first, then each setting with who said so, keys and host keys", () => {
  expect(renderDiagnosis(diagnosis({}), { wide: true })).toBe(`\
worker-7: nothing speaks against a login, as far as can be told without one (--probe tries it). The
way is core@10.0.0.7:22, by ssh2 (nothing asks for another).

Node 10.0.0.7:22, ssh's configuration is asked about worker-7

SETTING   FROM                     VALUE
host      the node's InternalIP    10.0.0.7
user      /home/me/.ssh/config:4   core
agent     ssh's configuration      /run/agent
port      default                  22

Keys that the node would be offered:
  1     ED25519 SHA256:abc (agent laptop)
  cert  "ada" for core, until 2026-01-02T00:00:00.000Z (/home/me/.ssh/id-cert.pub)
  not   ~/.ssh/id_rsa was left out: it is encrypted

Host keys of 10.0.0.7 (strict):
  known  ED25519 SHA256:def (/home/me/.ssh/known_hosts:41)
`);
});

test("a probe has a line for each step, and what is to be mended comes last with its step", () => {
  const text = renderDiagnosis(
    diagnosis({
      result: "failed",
      route: [],
      steps: [
        {
          name: "connect",
          at: "10.0.0.7:22",
          result: "ok",
          code: "PC000",
          durationMs: 3,
          message: "TCP",
        },
        { name: "sudo", result: "failed", code: "PC224", message: "sudo needs a password" },
      ],
      problems: [{ code: "PC224", severity: "error", message: "no sudo", fix: "allow it" }],
    }),
    { wide: true },
  );
  expect(text).toBe(`\
worker-7: a push would fail.

STEP      MS   AT            FOUND
connect   3    10.0.0.7:22   TCP
sudo      -    -             PC224 sudo needs a password

! PC224 no sudo
  fix: allow it
`);
});

test("where nothing is offered or known, that is said", () => {
  const [host] = ROUTE;
  const bare = {
    keys: [],
    certificates: [],
    leftOut: [],
    hostKey: { knownAs: "x", checking: "strict", known: [] },
  };
  const route = host === undefined ? [] : ([{ ...host, ...bare }] as typeof ROUTE);
  const text = renderDiagnosis(diagnosis({ route }), { wide: true });
  expect(text).toContain("would be offered:\n  -  none\n");
  expect(text).toContain("Host keys of x (strict):\n  -  none is known\n");
});
