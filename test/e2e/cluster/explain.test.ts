import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Explanation } from "../../../agent/index.ts";
import { startProcSampler } from "../../rig/proc-sampler.ts";
import { type CliRun, type CliUser, items, newCliUser, results } from "../cli.ts";
import { KUBELET_CONFIG, writeNodeFile } from "../node-file.ts";
import { useClusterBed } from "./cluster-bed.ts";

const bed = await useClusterBed();
const node = bed.nodes[1]?.name ?? "";
const { host, user: login, password, ca, images } = bed.registry;
const image = images.find((one) => one.shell && !one.public)?.ref ?? "";

/** What a kubelet can use, and a file that serves nothing here. */
const sound = JSON.stringify({ auths: { [host]: { username: login, password } } });
const foreign = '{"auths":{"other.example.com":{"auth":"dTpw"}}}';

let user: CliUser;
/** Without records of pushes: a refusal is final at once. */
let stranger: CliUser;
beforeAll(async () => {
  user = await newCliUser();
  stranger = await newCliUser();
});
afterAll(() => Promise.all([user.remove(), stranger.remove()]));

const { ssh } = bed.flags;
const cluster = [...bed.flags.cluster, "-o", "json"];

interface Explained extends CliRun {
  readonly document: Explanation;
}

async function explain(...args: readonly string[]): Promise<Explained> {
  const run = await user.run(["explain", ...cluster, ...ssh, ...args]);
  expect(run.stdout, run.stderr).toMatch(/^\{/);
  const document = JSON.parse(run.stdout) as Explanation;
  for (const text of [run.stdout, run.stderr]) expect(text).not.toContain(password);
  return { ...run, document };
}

const onNode = () => explain(image, "--node", node);
const push = (...more: readonly string[]) =>
  user.run(["push", ...cluster, ...ssh, "--config", bed.dockerConfig, node, ...more]);

/** What a pull by the node itself comes to. */
async function comesTo(result: "pulled" | "denied"): Promise<CliRun> {
  const run = await stranger.run([
    ...["verify", ...cluster, "--image", image, "--registry-ca", ca, node],
  ]);
  expect(results(run), run.stderr).toEqual({ [node]: result });
  return run;
}

async function sh(script: string, input = ""): Promise<string> {
  const run = await bed.exec(node, ["sh", "-c", script], { input: Buffer.from(input) });
  if (run.code !== 0) throw new Error(`${script}: ${run.stderr}`);
  return run.stdout;
}

const write = (path: string, content: string) => writeNodeFile(bed, { node, path, content });

/** Restarts the kubelet as explain advises, and waits until it stands: a dead one's sockets are gone. */
const restart = (root = "/var/lib/kubelet") =>
  sh(
    `systemctl restart kubelet.service; until grep -q " ${root}/pod-resources/" /proc/net/unix; do sleep 0.1; done`,
  );

const codesOf = ({ problems }: Explanation) => problems.map(({ code }) => code);
const statusOf = ({ node: found }: Explanation) =>
  Object.fromEntries(
    (found?.places ?? [])
      .filter(({ status }) => status !== "absent")
      .map(({ path, status }) => [path, status]),
  );

/** The kubelet with more flags, by a drop-in of systemd's. */
async function withFlags(flags: string, root?: string, service = ""): Promise<void> {
  const start = "/usr/bin/kubelet --config /etc/kubernetes/kubelet.yaml";
  const rest = "--kubeconfig /etc/kubernetes/kubelet.conf --hostname-override %H --v=2";
  await write(DROP_IN, `[Service]\nExecStart=\nExecStart=${start} ${rest} ${flags}\n${service}\n`);
  await sh("systemctl daemon-reload");
  await restart(root);
}
const DROP_IN = "/etc/systemd/system/kubelet.service.d/explain.conf";

afterEach(async () => {
  const changed = await sh(`[ ! -e ${DROP_IN} ] || { rm ${DROP_IN}; echo yes; }`);
  await sh(
    `rm -rf ${KUBELET_CONFIG} /var/lib/kubelet/.pullcast /.docker /config.json /etc/providers /var/lib/kubelet/moved/config.json`,
  );
  if (changed !== "") await sh("systemctl daemon-reload");
  await restart();
});

describe("explain --node", () => {
  it("names the file that hides a good one; without it the node pulls", async () => {
    await write("/.docker/config.json", sound);
    await write(KUBELET_CONFIG, foreign);
    await restart();
    const hidden = await onNode();
    expect(hidden.code, hidden.stderr).toBe(5);
    expect(hidden.document).toMatchObject({
      result: "none",
      source: { type: "node", name: KUBELET_CONFIG },
      candidates: [],
      ignored: [{ key: "other.example.com", why: "another port", source: KUBELET_CONFIG }],
    });
    expect(statusOf(hidden.document)).toEqual({
      [KUBELET_CONFIG]: "used",
      "/.docker/config.json": "hidden",
    });
    const advice = hidden.document.problems.find(({ code }) => code === "PC512");
    expect(advice).toMatchObject({ key: "/.docker/config.json" });
    expect(advice?.fix).toContain(`remove ${KUBELET_CONFIG} on the node`);

    await sh(`rm ${KUBELET_CONFIG}`);
    await restart();
    const mended = await onNode();
    expect(mended.code).toBe(0);
    expect(mended.document.candidates).toEqual([
      {
        ...{ key: host, username: login, source: "/.docker/config.json", expiresAt: "unknown" },
        fingerprint: expect.stringMatching(/^[0-9a-f]{8}$/),
      },
    ]);
    await comesTo("pulled");
  });

  it("names the entry that voids a file, and what the kubelet uses in its place", async () => {
    const bad = { auths: { [host]: { username: login, password }, "bad.io": { auth: "%%%" } } };
    await write(KUBELET_CONFIG, JSON.stringify(bad));
    await restart();
    const alone = await onNode();
    expect(alone.document.result).toBe("none");
    expect(alone.document.problems.find(({ code }) => code === "PC511")).toMatchObject({
      severity: "error",
      message: expect.stringContaining('"bad.io"'),
    });
    await comesTo("denied");

    const replaced = await push("--replace");
    expect(replaced.code, replaced.stderr).toBe(0);
    await restart();
    expect((await onNode()).document.result).toBe("tried");
    await comesTo("pulled");
  });

  it("tells a file that is newer than the last reading, and a restart brings it in force", async () => {
    await comesTo("denied");
    const pushed = await push();
    expect(pushed.code, pushed.stderr).toBe(0);
    const late = (await onNode()).document;
    expect(codesOf(late)).toContain("PC513");
    const { effectiveBy = "", lastReadAt = "", now = "" } = late.node ?? {};
    expect(Date.parse(lastReadAt)).toBeLessThan(Date.parse(now));
    // It is known to the second, since the kubelet says when it reads.
    expect(Date.parse(effectiveBy) - Date.parse(lastReadAt)).toBe(5 * 60_000);
    expect(late.problems.find(({ code }) => code === "PC513")?.fix).toContain(
      "systemctl restart kubelet.service",
    );

    await restart();
    const now2 = (await onNode()).document;
    expect(codesOf(now2)).not.toContain("PC513");
    expect(items(await comesTo("pulled"))[0]).toMatchObject({ attempts: 1 });
    // What was read is what stands there.
    expect(codesOf((await onNode()).document)).not.toContain("PC513");
  });

  it("follows a root directory that was moved, and so does the push it advises", async () => {
    const moved = "/var/lib/kubelet/moved";
    await write(KUBELET_CONFIG, sound);
    await sh(`mkdir -p ${moved}`);
    await withFlags(`--root-dir ${moved}`, moved);
    const found = await onNode();
    expect(found.document).toMatchObject({
      result: "none",
      node: { rootDir: moved, rootProof: "proven", flags: { "root-dir": moved } },
    });
    expect(statusOf(found.document)).toEqual({});
    expect(found.document.problems[0]).toMatchObject({
      code: "PC510",
      fix: expect.stringContaining("pullcast push"),
    });
    expect(items(await push())[0]).toMatchObject({ path: `${moved}/config.json` });
    await restart(moved);
    expect((await onNode()).document.source).toEqual({
      type: "node",
      name: `${moved}/config.json`,
    });
    await comesTo("pulled");
  });

  it("looks below the kubelet's working directory where HOME is not set, as the kubelet does", async () => {
    await write("/srv/work/.docker/config.json", sound);
    await withFlags("", undefined, "WorkingDirectory=/srv/work");
    try {
      const { document } = await onNode();
      expect(document.node).toMatchObject({ cwd: "/srv/work", home: "/srv/work" });
      expect(document.source.name).toBe("/srv/work/.docker/config.json");
      await comesTo("pulled");
    } finally {
      await sh("rm -r /srv/work/.docker");
    }
  });

  it("is what a push would make of the node, with --config beside --node", async () => {
    await write("/.docker/config.json", foreign);
    const { code, document } = await explain(image, "--node", node, "--config", bed.dockerConfig);
    expect(code).toBe(0);
    expect(document).toMatchObject({
      source: { type: "planned", name: bed.dockerConfig },
      candidates: [{ key: host }],
    });
  });

  it("is not steered by a pod's process that calls itself kubelet, nor by a socket of its own", async () => {
    await write(KUBELET_CONFIG, sound);
    const script = "echo kubelet >/proc/self/comm; echo up; while :; do sleep 1000; done";
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "decoy", namespace: "default" },
      spec: {
        nodeName: node,
        hostNetwork: true,
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: "kubelet",
            image: images.find((one) => one.public)?.ref,
            command: ["/bin/sh", "-c", script, "--root-dir=/evil"],
          },
        ],
      },
    };
    const holder = `use Socket; mkdir "/evil"; mkdir "/evil/pod-resources"; socket(my $s, AF_UNIX, SOCK_STREAM, 0);
      bind($s, sockaddr_un("/evil/pod-resources/4711")) or die; listen($s, 1);
      rename "/evil/pod-resources/4711", "/evil/pod-resources/kubelet.sock";
      open(my $n, ">", "/proc/self/comm"); print $n "kubelet"; close $n; open(my $f, ">", "/run/decoy"); print $f $$; close $f; sleep 600`;
    try {
      await bed.run(["create", "-f", "-"], JSON.stringify(pod));
      await bed.run(["wait", "--for=condition=Ready", "pod/decoy", "--timeout=60s"]);
      await sh(
        "cat >/run/decoy.pl; unshare --mount --propagation private perl /run/decoy.pl >/dev/null 2>&1 & until [ -s /run/decoy ]; do sleep 0.1; done",
        holder,
      );
      const named = await sh("grep -lx kubelet /proc/[0-9]*/comm | wc -l");
      expect(Number(named)).toBe(3);
      const { document } = await onNode();
      expect(document.node).toMatchObject({ rootDir: "/var/lib/kubelet", rootProof: "proven" });
      expect(document.source.name).toBe(KUBELET_CONFIG);
    } finally {
      await sh("[ ! -s /run/decoy ] || kill $(cat /run/decoy); rm -rf /run/decoy* /evil");
      await bed.run(["delete", "pod", "decoy", "--ignore-not-found", "--now"]);
    }
  });
});

describe("explain --node with a credential provider plugin", () => {
  const config = (match: string) => `
apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
  - name: from-file
    apiVersion: credentialprovider.kubelet.k8s.io/v1
    matchImages: ["${match}"]
    defaultCacheDuration: "0s"
    env: [{ name: CANARY, value: canary-env-4711 }]
`;
  const answer = {
    kind: "CredentialProviderResponse",
    apiVersion: "credentialprovider.kubelet.k8s.io/v1",
    cacheKeyType: "Image",
    cacheDuration: "0s",
    auth: { [host]: { username: login, password } },
  };
  const program = "/etc/providers/bin/from-file";
  const flags =
    "--image-credential-provider-config=/etc/providers/config.yaml --image-credential-provider-bin-dir=/etc/providers/bin";

  async function install(): Promise<void> {
    await write("/etc/providers/answer.json", JSON.stringify(answer));
    await write(program, "#!/bin/sh\ncat /etc/providers/answer.json\n");
    await sh(`chmod 755 ${program}`);
    await write("/etc/providers/config.yaml", config(host));
    await withFlags(flags);
  }

  it("names the plugin after the file, and the node pulls by it", async () => {
    await install();
    const { code, document, stdout } = await onNode();
    expect(code).toBe(0);
    expect(document.candidates).toEqual([{ key: host, source: "provider from-file" }]);
    expect(document.node?.providers).toEqual([
      { name: "from-file", serves: true, matchImages: [host], programPresent: true },
    ]);
    expect(codesOf(document)).toEqual([]);
    expect(stdout).not.toContain("canary-env-4711");
    await comesTo("pulled");
    await write(KUBELET_CONFIG, sound);
    const both = (await onNode()).document.candidates.map(({ source }) => source);
    expect(both).toEqual([KUBELET_CONFIG, "provider from-file"]);
  });

  it("brings the plugin's own words, and what mends them", async () => {
    await install();
    // What ecr-credential-provider says where the node's role lacks the action, played by a script.
    const words =
      "operation error ECR: GetAuthorizationToken, https response error StatusCode: 400, api error AccessDeniedException: User: arn:aws:sts::1:assumed-role/node/i-1 is not authorized to perform: ecr:GetAuthorizationToken on resource: *";
    await write(program, `#!/bin/sh\necho '${words} token=canary-token-4711' >&2\nexit 1\n`);
    await sh(`chmod 755 ${program}`);
    await comesTo("denied");
    const { document, stdout } = await onNode();
    const failure = document.problems.find(({ code }) => code === "PC516");
    expect(failure?.message).toContain("ecr:GetAuthorizationToken");
    expect(failure?.fix).toMatch(/^allow ecr:GetAuthorizationToken to the node's role/);
    expect(stdout).not.toContain("canary-token-4711");
  });

  it("tells a program that is gone, and a configuration that is younger than the kubelet", async () => {
    await install();
    await sh(`mv ${program} ${program}.away`);
    const gone = await onNode();
    expect(gone.document.result).toBe("none");
    expect(gone.document.problems.find(({ code }) => code === "PC515")?.message).toContain(
      "from-file in /etc/providers/bin",
    );
    await sh(`mv ${program}.away ${program}`);
    // A start is known to a second or two, so that a change in the same second tells nothing.
    const started = Date.parse(gone.document.node?.kubelet?.startedAt ?? "") / 1000;
    await sh(`until [ "$(date +%s)" -gt ${started + 2} ]; do sleep 0.1; done`);
    await write("/etc/providers/config.yaml", config("*.example.com"));
    const younger = await onNode();
    expect(younger.document.ignored).toContainEqual({
      key: "*.example.com",
      why: "no pattern of it matches",
      source: "provider from-file",
    });
    expect(younger.document.problems.find(({ code }) => code === "PC514")?.fix).toContain(
      "systemctl restart kubelet.service",
    );
  });
});

describe("explain --pod", () => {
  const podOf = (name: string, secrets: readonly string[]) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec: {
      nodeName: node,
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 0,
      imagePullSecrets: secrets.map((secret) => ({ name: secret })),
      containers: [{ name: "c", image, imagePullPolicy: "Always", command: ["/bin/true"] }],
    },
  });
  const secretOf = (name: string, config: string, type = "kubernetes.io/dockerconfigjson") => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace: "default" },
    type,
    stringData: { ".dockerconfigjson": config },
  });
  const create = (object: object) => bed.run(["create", "-f", "-"], JSON.stringify(object));
  const remove = (...names: readonly string[]) =>
    bed.run(["delete", ...names, "--ignore-not-found", "--now"]);
  const aboutPod = (name: string) => explain("--pod", `default/${name}`, "--node", node);

  it("puts the pod's secret before the node's file, and names the one that is missing", async () => {
    await write(KUBELET_CONFIG, foreign);
    await restart();
    try {
      await create(secretOf("opaque", sound, "Opaque"));
      await create(podOf("asks", ["late", "opaque"]));
      await bed.firstLine([
        ...["get", "events", "--watch", "-o", "name"],
        "--field-selector=involvedObject.name=asks,reason=FailedToRetrieveImagePullSecret",
      ]);
      const without = await aboutPod("asks");
      expect(without.code, without.stderr).toBe(5);
      expect(without.document.image).toBe(image);
      expect(without.document.pod?.imagePullPolicy).toBe("Always");
      expect(codesOf(without.document)).toEqual(["PC510", "PC517", "PC518"]);
      expect(without.document.problems[1]).toMatchObject({
        key: "secret default/late",
        fix: expect.stringMatching(
          /kubectl (--\S+ )*create secret docker-registry late -n default/,
        ),
      });
      expect(without.document.problems[2]?.message).toContain("its type is Opaque");

      // The step that the fix names.
      const file = join(user.home, "sound.json");
      await writeFile(file, sound, { mode: 0o600 });
      await bed.run([
        ...["create", "secret", "docker-registry", "late", "-n", "default"],
        `--from-file=.dockerconfigjson=${file}`,
      ]);
      const { document } = await aboutPod("asks");
      expect(document.candidates).toEqual([
        expect.objectContaining({ key: host, username: login, source: "secret default/late" }),
      ]);
      expect(document.ignored.map(({ source }) => source)).toEqual([KUBELET_CONFIG]);
      await remove("pod/asks");
      await create(podOf("asks", ["late", "opaque"]));
      await bed.run([
        ...["wait", "pod/asks", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s"],
      ]);
    } finally {
      await remove("pod/asks", "secret/late", "secret/opaque");
    }
  });

  it("says that a void secret ends the pull before any try, though the node's file is sound", async () => {
    await write(KUBELET_CONFIG, sound);
    await restart();
    try {
      await create(secretOf("void", '{"auths":{"x.io":{"auth":"%%%"}}}'));
      await create(podOf("voided", ["void"]));
      const { code, document } = await aboutPod("voided");
      expect([code, document.result]).toEqual([5, "fails"]);
      expect(codesOf(document)).toEqual(["PC519"]);
      expect(document.problems[0]?.message).toContain('"x.io"');
      // The kubelet says so too: no registry was asked.
      const { stdout } = await bed.run([
        ...["wait", "pod/voided", "--timeout=60s", "-o", "json"],
        "--for=jsonpath={.status.containerStatuses[0].state.waiting.message}",
      ]);
      const waiting = JSON.parse(stdout).status.containerStatuses[0].state.waiting;
      expect(waiting.message).not.toContain("401");
      await remove("pod/voided");
      await create(podOf("voided", []));
      expect((await aboutPod("voided")).document.result).toBe("tried");
      await bed.run([
        ...["wait", "pod/voided", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s"],
      ]);
    } finally {
      await remove("pod/voided", "secret/void");
    }
  });

  it("says that a ServiceAccount's secret came after the pod", async () => {
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "robot" } };
    try {
      await create(account);
      const pod = podOf("early", []);
      await create({ ...pod, spec: { ...pod.spec, serviceAccountName: "robot" } });
      await create(secretOf("account", sound));
      await bed.run([
        ...["patch", "serviceaccount", "robot", "-p"],
        '{"imagePullSecrets":[{"name":"account"}]}',
      ]);
      const { document } = await aboutPod("early");
      expect(document.problems.find(({ code }) => code === "PC520")?.message).toContain(
        "account of ServiceAccount robot: they came after the pod",
      );
      await remove("pod/early");
      await create({ ...pod, spec: { ...pod.spec, serviceAccountName: "robot" } });
      expect((await aboutPod("early")).document.candidates[0]?.source).toBe(
        "secret default/account",
      );
    } finally {
      await remove("pod/early", "secret/account", "serviceaccount/robot");
    }
  });
});

it("no process of this machine or of a node shows a secret while it is explained, no output either", async () => {
  await write(KUBELET_CONFIG, sound);
  const base64 = Buffer.from(`${login}:${password}`).toString("base64");
  const content = Buffer.from(sound).toString("base64").slice(0, 60);
  const sampler = await startProcSampler([password, base64, content]);
  const outputs: string[] = [];
  for (const format of ["json", "yaml", "wide", "table", "name"]) {
    const run = await user.run([
      ...["explain", image, "--node", node, "-v", ...cluster.slice(0, 4), ...ssh, "-o", format],
    ]);
    expect(run.code, run.stderr).toBe(0);
    outputs.push(run.stdout, run.stderr);
  }
  const { rounds, hits } = await sampler.stop();
  expect(hits).toEqual([]);
  expect(rounds).toBeGreaterThan(10);
  for (const secret of [password, base64, content, encodeURIComponent(password)]) {
    expect(outputs.join("\n")).not.toContain(secret);
  }
});
