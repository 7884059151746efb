import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { composeSurvey } from "../../../agent/node/compose.ts";
import { readReport } from "../../../agent/node/read-report.ts";
import { type NodeSurvey, readSurvey } from "../../../agent/node/read-survey.ts";
import { makeArena } from "../../rig/arena.ts";
import { configOf, request } from "./request.ts";
import { findShells, makeWrappers, runProgram, type Shell, withPath } from "./shells.ts";
import { makeStandIns } from "./stand-in.ts";

const arena = makeArena();
const shells = findShells(arena.dir);
const { newRoot, start, machine } = makeStandIns(arena.dir);
afterAll(arena.remove);

interface Survey {
  readonly survey: NodeSurvey;
  readonly stdout: string;
  readonly stderr: string;
}

/** Surveys a machine of its own, on which `lines` ran first. */
async function surveyOf(
  shell: Shell,
  lines: readonly string[],
  options: { readonly prefix?: readonly string[]; readonly programs?: Record<string, string> } = {},
): Promise<Survey> {
  const { dir: _found, replace: _none, ...asked } = request("/");
  const wrappers = makeWrappers(mkdtempSync(join(arena.dir, "bin-")), options.programs ?? {});
  const outcome = await runProgram(composeSurvey(asked), {
    shell,
    prefix: [...machine(lines), ...(options.prefix ?? [])],
    edit: (parts) => {
      const path = /^PATH=(.*)$/m.exec(parts.program)?.[1] ?? "";
      return { ...parts, program: withPath(parts.program, `${wrappers}:${path}`) };
    },
  });
  const report = readReport(outcome, { nonce: asked.nonce });
  expect(report, outcome.stderr).toMatchObject({ status: "done", what: "surveyed" });
  return { survey: readSurvey(outcome.stdout, asked.nonce), ...outcome };
}

const fileAt = ({ files }: NodeSurvey, path: string) => files.find((file) => file.path === path);
const textAt = (survey: NodeSurvey, path: string) =>
  Buffer.from(fileAt(survey, path)?.found?.content?.reveal() ?? []).toString();

describe.each(shells)("a survey by $name", (shell) => {
  test("names the kubelet's eight places in its order, from its root, cwd and HOME", async () => {
    const root = newRoot();
    const other = newRoot();
    const home = newRoot();
    const { survey } = await surveyOf(shell, [start(root, `env -C '${other}' HOME='${home}'`)]);
    expect(survey).toMatchObject({ rootDir: root, rootProof: "proven", cwd: other, home });
    expect(survey.files.slice(0, 8).map(({ path }) => path)).toEqual([
      `${root}/config.json`,
      `${other}/config.json`,
      `${home}/.docker/config.json`,
      "/.docker/config.json",
      `${root}/.dockercfg`,
      `${other}/.dockercfg`,
      `${home}/.dockercfg`,
      "/.dockercfg",
    ]);
  });

  test("looks below the kubelet's cwd where HOME is not set, as Go does", async () => {
    const cwd = newRoot();
    const { survey } = await surveyOf(shell, [start(newRoot(), `env -u HOME -C '${cwd}'`)]);
    expect(survey.files[2]?.path).toBe(`${cwd}/.docker/config.json`);
    expect(survey.files[6]?.path).toBe(`${cwd}/.dockercfg`);
  });

  test("brings contents byte for byte, with mode, owner and times", async () => {
    const root = newRoot();
    const bytes = Buffer.concat([configOf("p\u00e4ss"), Buffer.from([0, 255, 10, 10])]);
    const file = join(root, "config.json");
    writeFileSync(file, bytes, { mode: 0o640 });
    utimesSync(file, 1_600_000_000, 1_600_000_000);
    const { survey } = await surveyOf(shell, [start(root)]);
    const found = fileAt(survey, file)?.found;
    expect(found).toMatchObject({ type: "file", mode: 0o640, uid: 0, sizeBytes: bytes.length });
    expect(found?.modifiedAt).toBe(1_600_000_000);
    // A time that a copy keeps is not when the name came to be.
    expect(Math.abs((found?.changedAt ?? 0) - survey.now)).toBeLessThan(600);
    expect(Buffer.from(found?.content?.reveal() ?? [])).toEqual(bytes);
    expect(survey.kubelet?.startedAt).toBeGreaterThan(1_600_000_000);
  });

  test("leaves alone what no kubelet could read, or what is too large", async () => {
    const root = newRoot();
    const cwd = newRoot();
    const home = newRoot();
    mkdirSync(join(root, "config.json"));
    symlinkSync("/no/such", join(cwd, "config.json"));
    mkdirSync(join(home, ".docker"));
    writeFileSync(join(home, ".docker/config.json"), Buffer.alloc(1024 * 1024 + 1));
    const { survey } = await surveyOf(shell, [
      `mkfifo '${root}/.dockercfg'`,
      start(root, `env -C '${cwd}' HOME='${home}'`),
    ]);
    expect(survey.files.map(({ found }) => found?.content)).toEqual(Array(8).fill(undefined));
    expect(survey.files.map(({ found }) => found?.type).slice(0, 5)).toEqual([
      "directory",
      undefined,
      "file",
      undefined,
      "fifo",
    ]);
    expect(survey.files[1]?.dangling).toBe(true);
  });

  test("tells the flags that matter, never one that may hold a token", async () => {
    const flags =
      "--token=canary-4 --root_dir /x --v=1 -v 4 --kubelet-arg=image-credential-provider-config=/etc/p.yaml";
    const root = newRoot();
    const begun = start(root).replace(`'${root}'`, `'${root}' ${flags}`);
    const { survey, stdout } = await surveyOf(shell, [begun]);
    expect(survey.flags).toEqual({
      "root-dir": "/x",
      v: "4",
      "image-credential-provider-config": "/etc/p.yaml",
    });
    expect(stdout).not.toContain("canary-4");
  });

  test("reads the providers' configuration, a file or a directory, and which programs are there", async () => {
    const dir = newRoot();
    writeFileSync(join(dir, "b.yaml"), "kind: B");
    writeFileSync(join(dir, "a.json"), "{}");
    writeFileSync(join(dir, "notes.txt"), "no");
    makeWrappers(join(dir, "bin"), { "my-provider": "exit 0" });
    writeFileSync(join(dir, "bin/plain"), "");
    for (const config of [dir, join(dir, "b.yaml")]) {
      const root = newRoot();
      const flags = `--image-credential-provider-config=${config} --image-credential-provider-bin-dir=${dir}/bin`;
      const begun = start(root).replace(`'${root}'`, `'${root}' ${flags}`);
      const { survey } = await surveyOf(shell, [begun]);
      expect(survey.providers).toEqual({
        config,
        dir: `${dir}/bin`,
        dirPresent: true,
        programs: ["my-provider"],
      });
      const names = survey.files.filter(({ kind }) => kind === "provider").map(({ path }) => path);
      expect(names).toEqual(config === dir ? [join(dir, "a.json"), join(dir, "b.yaml")] : [config]);
      expect(textAt(survey, join(dir, "b.yaml"))).toBe("kind: B");
    }
  });

  test("tells the runtime's registries by headers and paths, no value beside them", async () => {
    const etc = [
      "mount -t tmpfs etc /etc && mkdir -p /etc/containerd/certs.d/docker.io /etc/rancher/k3s /etc/crio",
      `printf '%s\\n' '[plugins."io.containerd.grpc.v1.cri".registry.configs."reg.io".auth]' 'password = "canary-5"' >/etc/containerd/config.toml`,
      `printf '%s\\n' 'server = "https://registry-1.docker.io"' '[host."https://mirror.io"]' '[host."https://mirror.io".header]' 'authorization = "canary-5"' >/etc/containerd/certs.d/docker.io/hosts.toml`,
      `echo 'global_auth_file = "/etc/crio/auth.json"' >/etc/crio/crio.conf`,
      "echo 'configs: {}' >/etc/rancher/k3s/registries.yaml",
    ];
    const { survey, stdout } = await surveyOf(shell, etc);
    expect(survey.runtime).toEqual([
      {
        kind: "containerd",
        path: "/etc/containerd/config.toml",
        lines: ['[plugins."io.containerd.grpc.v1.cri".registry.configs."reg.io".auth]'],
      },
      {
        kind: "hosts",
        path: "/etc/containerd/certs.d/docker.io/hosts.toml",
        lines: [
          'server = "https://registry-1.docker.io"',
          '[host."https://mirror.io"]',
          '[host."https://mirror.io".header]',
        ],
      },
      {
        kind: "crio",
        path: "/etc/crio/crio.conf",
        lines: ['global_auth_file = "/etc/crio/auth.json"'],
      },
    ]);
    expect(textAt(survey, "/etc/rancher/k3s/registries.yaml")).toBe("configs: {}\n");
    expect(stdout).not.toContain("canary-5");
  });

  test.each([
    [
      "crictl",
      `printf '%s\\n' 'IMAGE TAG IMAGE-ID SIZE' 'reg.io/a 1.0 sha256:1 2MB' 'reg.io/b <none> sha256:2 2MB'`,
      ["reg.io/a:1.0", "reg.io/b"],
    ],
    [
      "ctr",
      `[ "$1 $2 $3" = '-a /run/containerd/containerd.sock -n' ] && printf '%s\\n' reg.io/a@sha256:3 reg.io/a:1.0 sha256:4 reg.io/a:1.0`,
      ["reg.io/a:1.0", "reg.io/a@sha256:3"],
    ],
    ["docker", "printf '%s\\n' reg.io/a:1.0 'reg.io/b:<none>'", ["reg.io/a:1.0", "reg.io/b"]],
  ])("names the images that the runtime has, by %s", async (program, script, images) => {
    // What this machine has of them must not answer first.
    const programs = { crictl: "exit 1", k3s: "exit 1", ctr: "exit 1" };
    const socket = "mount -t tmpfs run /run && mkdir /run/containerd";
    const listen = `perl -MSocket -e 'socket(S,AF_UNIX,SOCK_STREAM,0); bind(S,pack_sockaddr_un("/run/containerd/containerd.sock"))'`;
    const { survey } = await surveyOf(shell, [socket, listen, start(newRoot())], {
      programs: { ...programs, [program]: script },
    });
    expect([...survey.images].sort()).toEqual(images);
  });

  test("keeps the last refresh of the cache and the last 80 words about credentials", async () => {
    const line = (at: number, text: string) => `echo '${at}.5 host kubelet[77]: ${text}'`;
    const journal = [
      line(100, "I provider.go:82] Refreshing cache for provider: *x"),
      ...Array.from({ length: 90 }, (_, at) =>
        line(200 + at, `E PullImage from image service failed ${at}`),
      ),
      line(300, "I something else"),
      line(400, "I provider.go:82] Refreshing cache for provider: *x"),
    ].join("\n");
    const { survey } = await surveyOf(shell, [start(newRoot())], {
      programs: { journalctl: journal },
    });
    expect(survey.journalFrom).toBe(100.5);
    expect(survey.log).toHaveLength(81);
    expect(survey.log[0]).toEqual({
      at: 400.5,
      pid: 77,
      text: "I provider.go:82] Refreshing cache for provider: *x",
    });
    expect(survey.log[1]?.text).toMatch(/failed 10$/);
    expect(survey.log.at(-1)?.text).toMatch(/failed 89$/);
  });

  test("is not steered by a process in namespaces of its own", async () => {
    const real = newRoot();
    const evil = newRoot();
    writeFileSync(join(evil, "config.json"), configOf("evil"));
    const { survey } = await surveyOf(shell, [
      start(evil, "unshare --mount --propagation private env HOME=/evil"),
      start(real, "env HOME=/good"),
    ]);
    expect(survey).toMatchObject({ rootDir: real, rootProof: "proven", home: "/good" });
    expect(survey.files.some(({ path }) => path.startsWith(evil))).toBe(false);
  });

  test("changes nothing: no file is opened for writing, no secret is in argv or environment", async () => {
    const root = newRoot();
    const secret = "canary-81549";
    const bytes = configOf(secret);
    writeFileSync(join(root, "config.json"), bytes);
    const log = join(root, "strace");
    const prefix = ["/usr/bin/strace", "-f", "-v", "-s", "100000", "-o", log];
    const { survey } = await surveyOf(shell, [start(root)], {
      prefix: [...prefix, "-e", "trace=execve,%file"],
    });
    expect(textAt(survey, join(root, "config.json"))).toBe(bytes.toString());
    const calls = readFileSync(log, "utf8").split("\n");
    const writes = calls.filter(
      (call) =>
        /\b(O_WRONLY|O_RDWR|O_CREAT)\b|\b(unlink|rename|link|mkdir|chmod|chown|mknod|truncate|utimens)[a-z0-9]*\(/.test(
          call,
        ) && !/"\/dev\/(null|tty)"/.test(call),
    );
    expect(writes).toEqual([]);
    expect(calls.some((call) => call.includes("execve("))).toBe(true);
    const started = calls.filter((call) => call.includes("execve(")).join("\n");
    expect(started).not.toContain(secret);
    expect(started).not.toContain(bytes.toString("base64").slice(4, 40));
  });
});

test("a survey that is printed or serialised shows no content", async () => {
  const root = newRoot();
  writeFileSync(join(root, "config.json"), configOf("canary-9"));
  const [dash] = shells;
  if (dash === undefined) throw new Error("no dash");
  const { survey } = await surveyOf(dash, [start(root)]);
  expect(JSON.stringify(survey)).toContain('"content":"***"');
});
