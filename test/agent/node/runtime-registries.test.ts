import { expect, test } from "vitest";
import type { NodeSurvey, SurveyRuntimeFile } from "../../../agent/node/read-survey.ts";
import { readRuntimeRegistries } from "../../../agent/node/runtime-registries.ts";
import { Secret } from "../../../agent/secret.ts";

const read = (runtime: readonly SurveyRuntimeFile[], rancher?: string) =>
  readRuntimeRegistries({
    runtime,
    files:
      rancher === undefined
        ? []
        : [
            {
              kind: "rancher",
              path: "/r.yaml",
              folderChangedAt: 0,
              dangling: false,
              found: {
                type: "file",
                mode: 0o600,
                uid: 0,
                gid: 0,
                sizeBytes: 1,
                modifiedAt: 0,
                changedAt: 0,
                content: new Secret(Buffer.from(rancher)),
              },
            },
          ],
  } as unknown as NodeSurvey);

test("containerd: logins and mirrors by their headers, in both styles of quotes", async () => {
  const lines = [
    '  [plugins."io.containerd.grpc.v1.cri".registry.configs."reg.io:5000".auth]',
    "[plugins.'io.containerd.cri.v1.images'.registry.mirrors.'docker.io']",
    '[plugins."io.containerd.grpc.v1.cri".registry.configs."reg.io".tls]',
    'config_path = "/etc/containerd/certs.d"',
  ];
  expect(await read([{ kind: "containerd", path: "/c.toml", lines }])).toEqual([
    { path: "/c.toml", type: "login", registry: "reg.io:5000" },
    { path: "/c.toml", type: "mirror", registry: "docker.io" },
  ]);
});

test("hosts.toml: mirrors and headers of the directory's registry; a login in a URL stays behind", async () => {
  const path = "/etc/containerd/certs.d/docker.io/hosts.toml";
  const lines = [
    'server = "https://registry-1.docker.io"',
    '[host."https://user:canary@mirror.io:5000/v2"]',
    '[host."https://mirror.io:5000".header]',
  ];
  expect(await read([{ kind: "hosts", path, lines }])).toEqual([
    { path, type: "mirror", registry: "docker.io", target: "mirror.io:5000" },
    { path, type: "header", registry: "docker.io", target: "mirror.io:5000" },
  ]);
});

test("CRI-O's auth file serves all, containers' mirrors their registry", async () => {
  const files: SurveyRuntimeFile[] = [
    {
      kind: "crio",
      path: "/crio",
      lines: ['global_auth_file = "/auth.json"', 'global_auth_file = ""'],
    },
    {
      kind: "containers",
      path: "/reg",
      lines: [
        "[[registry]]",
        'prefix = "docker.io"',
        'location = "docker.io"',
        "[[registry.mirror]]",
        'location = "mirror.io/hub"',
        "[[registry]]",
        'location = "quay.io"',
      ],
    },
  ];
  expect(await read(files)).toEqual([
    { path: "/crio", type: "login", registry: "*", target: "/auth.json" },
    { path: "/reg", type: "mirror", registry: "docker.io", target: "mirror.io/hub" },
  ]);
});

test("k3s: mirrors and logins, never a value; a broken file is none", async () => {
  const text = `
mirrors: { docker.io: { endpoint: ["https://mirror.io"] }, "*": {} }
configs: { reg.io: { auth: { username: u, password: canary } }, tls.io: { tls: {} } }`;
  const found = await read([], text);
  expect(found).toEqual([
    { path: "/r.yaml", type: "mirror", registry: "docker.io", target: "mirror.io" },
    { path: "/r.yaml", type: "mirror", registry: "*" },
    { path: "/r.yaml", type: "login", registry: "reg.io" },
  ]);
  expect(JSON.stringify(found)).not.toContain("canary");
  expect(await read([], "a: ]")).toEqual([]);
});
