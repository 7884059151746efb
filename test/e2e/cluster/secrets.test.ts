import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startProcSampler } from "../../rig/proc-sampler.ts";
import { type CliRun, type CliUser, newCliUser } from "../cli.ts";
import { KUBELET_CONFIG } from "../node-file.ts";
import { useClusterBed } from "./cluster-bed.ts";

const bed = await useClusterBed();
const image = bed.registry.images.find((one) => one.shell && !one.public)?.ref ?? "";
const { host } = bed.registry;
const { auths } = JSON.parse(await readFile(bed.dockerConfig, "utf8")) as {
  readonly auths: Readonly<Record<string, { readonly auth: string }>>;
};
const auth = auths[host]?.auth ?? "";
const password = Buffer.from(auth, "base64")
  .toString()
  .replace(/^[^:]*:/, "");

let user: CliUser;
const made: string[] = [];

beforeAll(async () => {
  user = await newCliUser();
  // No node's own login, not even one that its kubelet remembers.
  await Promise.all(
    bed.nodes.map(async ({ name }) => {
      await bed.exec(name, ["rm", "-f", KUBELET_CONFIG]);
      await bed.exec(name, ["systemctl", "restart", "kubelet"]);
    }),
  );
});
afterAll(async () => {
  await user.remove();
  if (made.length > 0)
    await bed.run(["delete", "namespace", "--wait=false", "--ignore-not-found", ...made]);
});

const { cluster } = bed.flags;
const source = ["--config", bed.dockerConfig];
const secret = (verb: string, ...more: string[]) =>
  user.run(["secret", verb, ...cluster, "-o", "json", ...more]);
const apply = (...more: string[]) => secret("apply", ...source, ...more);

/** New namespaces, each with its ServiceAccount `default`. */
async function namespaces(...names: readonly string[]): Promise<void> {
  made.push(...names);
  const items = names.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
  await create(items);
  await Promise.all(names.map((name) => settled(name, "default")));
}

function settled(namespace: string, account: string) {
  const what = `serviceaccount/${account}`;
  return bed.run(["wait", "--for=create", what, "-n", namespace, "--timeout=60s"]);
}

async function create(items: readonly object[]): Promise<void> {
  const list = { apiVersion: "v1", kind: "List", items };
  await bed.run(["create", "--validate=false", "-f", "-"], JSON.stringify(list));
}

function pod(namespace: string, name: string, spec: object = {}): object {
  const container = {
    name: "app",
    image,
    imagePullPolicy: "Always",
    command: ["sh", "-c", "echo SUCCESS"],
  };
  return {
    ...{ apiVersion: "v1", kind: "Pod", metadata: { namespace, name } },
    spec: { restartPolicy: "Never", containers: [container], ...spec },
  };
}

const succeeded = (namespace: string, name: string) =>
  bed.run([
    ...["wait", `pod/${name}`, "-n", namespace, "--timeout=60s"],
    "--for=jsonpath={.status.phase}=Succeeded",
  ]);

async function read<Value>(kind: string, namespace: string, name: string): Promise<Value> {
  const { stdout } = await bed.run(["get", kind, name, "-n", namespace, "-o", "json"]);
  return JSON.parse(stdout) as Value;
}

interface Item {
  readonly namespace: string;
  readonly result: string;
  readonly code?: string;
  readonly message?: string;
  readonly accounts: readonly { readonly name: string; readonly result: string }[];
}

function itemsOf(run: CliRun): readonly Item[] {
  return (JSON.parse(run.stdout) as { readonly items: readonly Item[] }).items;
}

function resultsOf(run: CliRun): Record<string, string> {
  return Object.fromEntries(
    itemsOf(run).map(({ namespace, result, code = "" }) => [namespace, `${result} ${code}`.trim()]),
  );
}

/** Namespace, account and the names in its list. */
interface Account {
  readonly metadata: { readonly annotations?: object };
  readonly imagePullSecrets?: readonly { readonly name: string }[];
}

const listOf = async (namespace: string, account = "default") =>
  (await read<Account>("serviceaccount", namespace, account)).imagePullSecrets?.map(
    ({ name }) => name,
  );

describe("secret apply", () => {
  it("lets pods in five namespaces start that no node has a login for, and shows no secret", async () => {
    await namespaces("s1", "s2", "s3", "s4", "s5", "s6");
    const others = [{ name: "one" }, { name: "two" }];
    const accountOf = (namespace: string, name: string) => ({
      ...{ apiVersion: "v1", kind: "ServiceAccount", metadata: { namespace, name } },
    });
    await create([
      accountOf("s4", "builder"),
      { ...accountOf("s5", "worker"), imagePullSecrets: others },
    ]);
    const before = await read<Account>("serviceaccount", "s5", "worker");
    const sampler = await startProcSampler([password, auth]);
    const runs = [
      await apply("-n", "s1,s2", "--service-account", "default"),
      await apply("-n", "s3", "--name", "third", "--all-service-accounts"),
      await apply("-n", "s4", "--name", "robot.v2", "--service-account", "builder"),
      await apply("-n", "s5", "--name", "last", "--service-account", "worker"),
    ];
    const { hits } = await sampler.stop();
    expect(hits).toEqual([]);
    for (const run of runs) {
      expect(run.code, run.stderr).toBe(0);
      expect(run.stdout + run.stderr).not.toContain(password);
      expect(run.stdout + run.stderr).not.toContain(auth);
    }
    expect(Object.assign({}, ...runs.map(resultsOf))).toEqual({
      ...{ s1: "created", s2: "created", s3: "created", s4: "created", s5: "created" },
    });
    expect(await listOf("s5", "worker")).toEqual(["one", "two", "last"]);

    await create([
      ...["s1", "s2", "s3"].map((namespace) => pod(namespace, "app")),
      pod("s4", "app", { serviceAccountName: "builder" }),
      pod("s5", "app", { serviceAccountName: "worker" }),
      pod("s6", "app"),
    ]);
    await Promise.all(["s1", "s2", "s3", "s4", "s5"].map((one) => succeeded(one, "app")));
    // The control: without a Secret the same pod is denied on the same nodes.
    await bed.run([
      ...["wait", "pod/app", "-n", "s6", "--timeout=60s"],
      "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}",
    ]);
    const events = await bed.run(["get", "events", "-n", "s6", "-o", "json"]);
    expect(events.stdout).toMatch(/401 Unauthorized|no basic auth/);

    const all = await bed.run(["get", "events", "--all-namespaces", "-o", "json"]);
    const left = await read<{ metadata: object }>("secret", "s1", "pullcast");
    for (const text of [all.stdout, JSON.stringify(left.metadata)]) {
      expect(text).not.toContain(password);
      expect(text).not.toContain(auth);
    }
    expect(JSON.stringify(left.metadata)).not.toContain("last-applied");
    expect(before.imagePullSecrets).toEqual(others);
  });

  it("writes nothing where all is there, and only what has changed", async () => {
    const version = async () =>
      (await read<{ metadata: { resourceVersion: string } }>("secret", "s1", "pullcast")).metadata
        .resourceVersion;
    const first = await version();
    const again = await apply("-n", "s1,s2", "--service-account", "default");
    expect(resultsOf(again)).toEqual({ s1: "unchanged", s2: "unchanged" });
    const dry = await apply("-n", "s1", "--name", "pullcast", "--only", host, "--dry-run");
    expect(resultsOf(dry)).toEqual({ s1: "unchanged" });
    const other = join(user.home, "other.json");
    await writeFile(other, JSON.stringify({ auths: { "b.io": { auth } } }), { mode: 0o600 });
    const config = ["--config", other];
    const would = await secret("apply", ...config, "-n", "s1,s2", "--dry-run");
    expect(resultsOf(would)).toEqual({ s1: "would-update", s2: "would-update" });
    expect(await version()).toBe(first);
    expect(resultsOf(await secret("apply", ...config, "-n", "s2"))).toEqual({ s2: "updated" });
    expect(resultsOf(await apply("-n", "s2"))).toEqual({ s2: "updated" });
  });

  it("ten at once with different names end up in one ServiceAccount together, beside what was there", async () => {
    await namespaces("together");
    await bed.run(
      ["patch", "serviceaccount", "default", "-n", "together", "--type=merge", "-p"].concat(
        JSON.stringify({ imagePullSecrets: [{ name: "theirs" }] }),
      ),
    );
    const names = Array.from({ length: 10 }, (_, at) => `own-${at}`);
    const runs = await Promise.all(
      names.map((name) => apply("-n", "together", "--name", name, "--service-account", "default")),
    );
    expect(runs.map((run) => run.code)).toEqual(names.map(() => 0));
    expect((await listOf("together"))?.toSorted()).toEqual([...names, "theirs"]);
  });

  it("tells of each namespace why it refuses, and serves the others", async () => {
    const all = ["n-ok", "n-type", "n-immutable", "n-owner", "n-quota", "n-gone", "n-account"];
    await namespaces(...all);
    const other = Buffer.from('{"auths":{}}').toString("base64");
    const theirs = (namespace: string, more: object) => ({
      ...{ apiVersion: "v1", kind: "Secret", metadata: { namespace, name: "pullcast" } },
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": other },
      ...more,
    });
    await create([
      theirs("n-type", { type: "Opaque" }),
      theirs("n-immutable", { immutable: true }),
      theirs("n-owner", {}),
      {
        ...{ apiVersion: "v1", kind: "ResourceQuota" },
        metadata: { namespace: "n-quota", name: "none" },
        spec: { hard: { "count/secrets": "0" } },
      },
      {
        ...{ apiVersion: "v1", kind: "ConfigMap" },
        metadata: { namespace: "n-gone", name: "held", finalizers: ["example.com/held"] },
      },
    ]);
    await bed.run([
      ...["wait", "resourcequota/none", "-n", "n-quota", "--timeout=60s"],
      "--for=jsonpath={.status.hard}",
    ]);
    await bed.run(["delete", "namespace", "n-gone", "--wait=false"]);
    const run = await apply("-n", `${all.join(",")},n-none`, "--service-account", "default,no-one");
    await bed.run([
      ...["patch", "configmap", "held", "-n", "n-gone", "--type=merge"],
      ...["-p", '{"metadata":{"finalizers":null}}'],
    ]);
    const found = resultsOf(run);
    expect(found).toEqual({
      "n-ok": "failed PC169",
      "n-type": "failed PC164",
      "n-immutable": "failed PC163",
      "n-owner": "failed PC163",
      "n-quota": "failed PC166",
      "n-gone": "skipped PC162",
      "n-account": "failed PC169",
      "n-none": "failed PC161",
    });
    expect(run.code).toBe(4);
    expect(await listOf("n-ok")).toEqual(["pullcast"]);
    const replaced = await apply("-n", "n-owner,n-immutable", "--replace");
    expect(resultsOf(replaced)).toEqual({ "n-owner": "updated", "n-immutable": "failed PC165" });
    expect(replaced.code).toBe(3);
  });

  it("names a user who may not, and the command that tells so", async () => {
    const run = await apply("-n", "s1,s6", "--as", "nobody");
    expect(resultsOf(run)).toEqual({ s1: "failed PC130", s6: "failed PC130" });
    expect(run.stderr).toContain("kubectl auth can-i patch secret/pullcast");
    const list = await apply("-A", "--as", "nobody");
    expect([list.code, list.stderr]).toEqual([1, expect.stringContaining("PC104")]);
  });
});

describe("secret status, diff and remove", () => {
  const statesOf = (run: CliRun) =>
    Object.fromEntries(
      (
        JSON.parse(run.stdout) as {
          items: { namespace: string; state: string; code?: string }[];
        }
      ).items.map(({ namespace, state, code = "" }) => [namespace, `${state} ${code}`.trim()]),
    );
  const theirs = JSON.stringify({ imagePullSecrets: [{ name: "theirs" }] });

  it("tell what is there and what an apply would change, and change nothing", async () => {
    await namespaces("r1", "r2", "r3");
    await bed.run(["patch", "serviceaccount", "default", "-n", "r2", "--type=merge", "-p", theirs]);
    const applied = await apply("-n", "r1,r2", "--service-account", "default");
    expect(applied.code, applied.stderr).toBe(0);
    const status = await secret("status", "-n", "r1,r2,r3", "--service-account", "default");
    expect(statesOf(status)).toEqual({ r1: "current", r2: "current", r3: "missing PC174" });
    expect(status.code).toBe(5);
    expect(status.stdout + status.stderr).not.toContain(auth);
    const same = await secret("diff", ...source, "-n", "r1,r2", "--service-account", "default");
    expect([same.code, resultsOf(same)]).toEqual([0, { r1: "unchanged", r2: "unchanged" }]);
    const differs = await secret("diff", ...source, "-n", "r2,r3");
    expect([differs.code, resultsOf(differs)]).toEqual([
      1,
      { r2: "unchanged", r3: "would-create" },
    ]);
    const again = await secret("status", "-n", "r3");
    expect(statesOf(again)).toEqual({ r3: "missing PC174" });
  });

  it("name what others wrote, accounts that miss it, and pods that run without it", async () => {
    await namespaces("r4", "r5", "r6");
    const sleeper = { name: "app", image, imagePullPolicy: "Always", command: ["sleep", "600"] };
    await create([pod("r6", "early", { containers: [sleeper] })]);
    await apply("-n", "r4,r5,r6", "--service-account", "default");
    const value = Buffer.from('{"auths":{}}').toString("base64");
    await bed.run([
      ...["patch", "secret", "pullcast", "-n", "r4", "--type=merge"],
      ...["-p", JSON.stringify({ data: { ".dockerconfigjson": value } })],
    ]);
    const status = await secret("status", "-n", "r4,r5,r6", "--service-account", "default,builder");
    expect(statesOf(status)).toEqual({
      r4: "drifted PC176",
      r5: "incomplete PC177",
      r6: "incomplete PC177",
    });
    expect(statesOf(await secret("status", "-n", "r5,r6"))).toEqual({
      r5: "current",
      r6: "pods-without PC178",
    });
    const conflict = await secret("diff", ...source, "-n", "r4");
    expect([conflict.code, resultsOf(conflict)]).toEqual([4, { r4: "failed PC163" }]);
    const taken = await secret("diff", ...source, "-n", "r4", "--replace");
    expect([taken.code, resultsOf(taken)]).toEqual([1, { r4: "would-update" }]);
  });

  it("take ours away and leave ServiceAccounts as they were", async () => {
    const before = { imagePullSecrets: [{ name: "theirs" }] };
    const dry = await secret("remove", "-n", "r1,r2,r3", "--dry-run");
    expect(resultsOf(dry)).toEqual({ r1: "would-remove", r2: "would-remove", r3: "absent" });
    expect(await listOf("r2")).toEqual(["theirs", "pullcast"]);
    await read("secret", "r1", "pullcast");
    const run = await secret("remove", "-n", "r1,r2,r3");
    expect([run.code, resultsOf(run)]).toEqual([0, { r1: "removed", r2: "removed", r3: "absent" }]);
    for (const [namespace, wanted] of [
      ["r1", {}],
      ["r2", before],
    ] as const) {
      const { metadata, imagePullSecrets } = await read<Account>(
        "serviceaccount",
        namespace,
        "default",
      );
      expect({ ...(imagePullSecrets && { imagePullSecrets }) }).toEqual(wanted);
      expect(JSON.stringify(metadata.annotations ?? {})).not.toContain("pullcast");
    }
    const none = await bed.run(["get", "secrets", "-n", "r2", "-o", "name"]);
    expect(none.stdout).not.toContain("pullcast");
  });

  it("leave what others put there, and name it", async () => {
    await namespaces("r7");
    const data = { ".dockerconfigjson": Buffer.from('{"auths":{}}').toString("base64") };
    await create([
      {
        ...{ apiVersion: "v1", kind: "Secret", metadata: { namespace: "r7", name: "pullcast" } },
        ...{ type: "kubernetes.io/dockerconfigjson", data },
      },
    ]);
    const named = JSON.stringify({ imagePullSecrets: [{ name: "pullcast" }] });
    await bed.run(["patch", "serviceaccount", "default", "-n", "r7", "--type=merge", "-p", named]);
    const run = await secret("remove", "-n", "r7");
    expect(resultsOf(run)).toEqual({ r7: "kept PC173" });
    expect(itemsOf(run)[0]?.accounts).toMatchObject([{ name: "default", result: "kept" }]);
    expect(await listOf("r7")).toEqual(["pullcast"]);
    await read("secret", "r7", "pullcast");
  });
});

describe("secret render", () => {
  it("writes manifests that kubectl applies, and a kustomization whose credentials stay out of the repository", async () => {
    await namespaces("g1", "g2");
    const args = [...source, "-n", "g1", "--service-account", "default"];
    const yaml = await user.run(["secret", "render", ...args]);
    expect(yaml.code, yaml.stderr).toBe(0);
    await bed.run(["apply", "-f", "-"], yaml.stdout);
    const dir = join(user.home, "kustomize");
    const kustomize = ["-o", "kustomize", "--dir", dir];
    const written = await user.run([
      ...["secret", "render", ...source, "-n", "g2", "--service-account", "default"],
      ...kustomize,
    ]);
    expect(written.code, written.stderr).toBe(0);
    expect(written.stdout).toBe("");
    for (const name of ["kustomization.yaml", "g2/kustomization.yaml", "g2/.gitignore"]) {
      expect(await readFile(join(dir, name), "utf8")).not.toContain(auth);
    }
    await bed.run(["apply", "-k", dir]);
    for (const namespace of ["g1", "g2"]) {
      const { data } = await read<{ data: Record<string, string> }>(
        "secret",
        namespace,
        "pullcast",
      );
      const value = Buffer.from(data[".dockerconfigjson"] ?? "", "base64").toString();
      expect(JSON.parse(value)).toMatchObject({ auths: { [host]: { auth } } });
      expect(await listOf(namespace)).toEqual(["pullcast"]);
    }
    await create(["g1", "g2"].map((namespace) => pod(namespace, "app")));
    await Promise.all(["g1", "g2"].map((namespace) => succeeded(namespace, "app")));
  });
});

describe("a verify of ServiceAccounts", () => {
  it("names the Secret that serves, also behind one that doesn't, and a namespace that has none", async () => {
    await namespaces("v-good", "v-second", "v-none");
    await apply("-n", "v-good,v-second", "--service-account", "default", "--name", "zz-good");
    const wrong = Buffer.from("robot:wrong").toString("base64");
    const value = JSON.stringify({ auths: { [`${host}/team`]: { auth: wrong } } });
    const data = { ".dockerconfigjson": Buffer.from(value).toString("base64") };
    const metadata = { namespace: "v-second", name: "first-bad" };
    const type = "kubernetes.io/dockerconfigjson";
    await create([{ apiVersion: "v1", kind: "Secret", metadata, type, data }]);
    const both = { imagePullSecrets: [{ name: "first-bad" }, { name: "zz-good" }] };
    await bed.run([
      "patch",
      "serviceaccount/default",
      "-n",
      "v-second",
      "-p",
      JSON.stringify(both),
    ]);
    const proof = ["--image", image, "--ca", bed.registry.ca];
    const run = await secret("verify", "-n", "v-good,v-second,v-none", ...proof);
    expect(run.code, run.stderr).toBe(5);
    const { items } = JSON.parse(run.stdout) as { items: object[] };
    expect(items).toMatchObject([
      { namespace: "v-good", account: "default", result: "pulled", secret: "zz-good" },
      {
        namespace: "v-second",
        result: "pulled",
        secret: "zz-good",
        secrets: ["first-bad", "zz-good"],
      },
      { namespace: "v-none", result: "denied", code: "PC401", secrets: [] },
    ]);
    const left = await bed.run([
      "get",
      "pods",
      "-A",
      "-l",
      "app.kubernetes.io/managed-by=pullcast",
      "-o",
      "name",
    ]);
    expect(left.stdout).toBe("");
    for (const text of [run.stdout, run.stderr]) expect(text).not.toContain(password);
  });

  it("tells a pull that the node's own credentials served", async () => {
    await namespaces("v-node");
    const login = bed.flags.ssh;
    await user.run(["push", ...cluster, ...login, ...source, "--restart-kubelet"]);
    const run = await secret("verify", "-n", "v-node", "--image", image, "--ca", bed.registry.ca);
    const { items } = JSON.parse(run.stdout) as { items: object[] };
    expect(items, run.stderr).toMatchObject([{ result: "by-node", code: "PC179" }]);
    await user.run(["remove", ...cluster, ...login, "--restart-kubelet"]);
  });
});

describe("a plan of workloads", () => {
  const template = (image: string, spec: object = {}) => ({
    metadata: { labels: { app: "x" } },
    spec: { containers: [{ name: "c", image }], ...spec },
  });
  const deployment = (name: string, pods: object) => ({
    ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { namespace: "p1", name } },
    spec: { replicas: 0, selector: { matchLabels: { app: "x" } }, template: pods },
  });
  const plan = async (...more: string[]) => {
    const run = await secret("plan", "-n", "p1", ...more);
    const { items } = JSON.parse(run.stdout) as { items: { workload: string; state: string }[] };
    return Object.fromEntries(items.map(({ workload, state }) => [workload, state]));
  };

  it("tells what serves each, and what it lacks in lines that kubectl takes", async () => {
    await namespaces("p1");
    await apply("-n", "p1");
    const open = bed.registry.images.find((one) => one.public)?.ref ?? "";
    const job = { restartPolicy: "Never" };
    await create([
      deployment("web", template(image)),
      deployment("named", template(image, { imagePullSecrets: [{ name: "pullcast" }] })),
      deployment("open", template(open)),
      {
        ...{ apiVersion: "batch/v1", kind: "CronJob", metadata: { namespace: "p1", name: "tick" } },
        spec: { schedule: "0 0 1 1 *", jobTemplate: { spec: { template: template(image, job) } } },
      },
    ]);
    const none = { web: "none", named: "secret", open: "none", tick: "none" };
    expect(await plan()).toEqual(none);
    expect(await plan(...source)).toEqual({
      web: "node",
      named: "both",
      open: "none",
      tick: "node",
    });
    const patches = await user.run(["secret", "patch-workloads", ...cluster, "-n", "p1"]);
    expect(patches.stderr).toBe("2 of 4 workloads need pullcast\n");
    for (const text of patches.stdout.split("---\n")) {
      const kind = /^kind: (.*)$/m.exec(text)?.[1] ?? "";
      const name = /^ {2}name: (.*)$/m.exec(text)?.[1] ?? "";
      const file = join(user.home, "patch.yaml");
      await writeFile(file, text);
      await bed.run(["patch", kind, name, "-n", "p1", `--patch-file=${file}`]);
    }
    expect(await plan()).toEqual({ ...none, web: "secret", tick: "secret" });
    for (const text of [patches.stdout, patches.stderr]) expect(text).not.toContain(password);
  });
});

it("gives each group of a file its own registries, under its own name", async () => {
  await namespaces("f1", "f2");
  const two = join(user.home, "two.json");
  const other = { auth: Buffer.from("u:p").toString("base64") };
  const value = { auths: { [host]: { auth }, "other.example": other } };
  await writeFile(two, JSON.stringify(value), { mode: 0o600 });
  const made = await user.run(["init", ...cluster, "-f", "-"]);
  const head = made.stdout.slice(0, made.stdout.indexOf("# For all pools"));
  const file = join(user.home, "groups.yaml");
  const groups = `defaults: { source: { configs: [two.json] } }
secrets:
- { name: one, namespaces: [f1], serviceAccounts: [default], source: { only: ["${host}"] } }
- { name: two, namespaces: [f2], secret: pull-two, source: { only: [other.example] } }
`;
  await writeFile(file, head + groups);
  const run = await secret("apply", "-f", file);
  expect(run.code, run.stderr).toBe(0);
  const { items } = JSON.parse(run.stdout) as { items: { group: string; items: object[] }[] };
  expect(items.map((one) => [one.group, one.items])).toMatchObject([
    ["one", [{ namespace: "f1", result: "created", accounts: [{ name: "default" }] }]],
    ["two", [{ namespace: "f2", result: "created", accounts: [] }]],
  ]);
  const keys = async (namespace: string, name: string) => {
    const { data } = await read<{ data: Record<string, string> }>("secret", namespace, name);
    const text = Buffer.from(data[".dockerconfigjson"] ?? "", "base64").toString();
    return Object.keys((JSON.parse(text) as { auths: object }).auths);
  };
  expect([await keys("f1", "pullcast"), await keys("f2", "pull-two")]).toEqual([
    [host],
    ["other.example"],
  ]);
  const same = await secret("diff", "-f", file, "--group", "one");
  expect(same.code, same.stderr).toBe(0);
});

it("advises a way for this cluster, and finds that its pods don't always pull", async () => {
  const run = await user.run(["advise", ...cluster, "-o", "json"]);
  expect(JSON.parse(run.stdout), run.stderr).toMatchObject({
    kind: "Advice",
    facts: { nodes: bed.nodes.length, unsuited: [], alwaysPull: false },
    advised: { route: "node-provider" },
  });
});
