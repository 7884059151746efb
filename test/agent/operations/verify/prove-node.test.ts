import pLimit from "p-limit";
import { afterEach, expect, test } from "vitest";
import { type PodWatch, watchPods } from "../../../../agent/cluster/pod-watch.ts";
import type { ContainerState, Pod } from "../../../../agent/cluster/pods.ts";
import type { PullcastEvent } from "../../../../agent/events.ts";
import type { Target } from "../../../../agent/model.ts";
import { runSelector } from "../../../../agent/operations/pod-frame.ts";
import type { KnownPush } from "../../../../agent/operations/run-records.ts";
import { type ProofContext, proveNode } from "../../../../agent/operations/verify/prove-node.ts";
import { WaitingRoom } from "../../../../agent/operations/verify/waiting-room.ts";
import { parseReference } from "../../../../agent/registry/reference.ts";
import { clusterNode } from "../../cluster/cluster-node.ts";
import { FakeCluster, type FakeKubelet, goneError } from "./fake-cluster.ts";
import { testPod } from "./test-pod-object.ts";

const RUN = "20261124T050102Z-1f3a9c";
const IMAGE = "reg.example/a:1";
const DENIED: ContainerState = {
  waiting: { reason: "ErrImagePull", message: "rpc error: code = Unknown desc = 401 Unauthorized" },
};
const DONE: ContainerState = { terminated: { exitCode: 0, reason: "Completed" } };

/** A push of this machine, in force at that time. */
const pushed = (effectiveBy: Date): KnownPush => ({
  effectiveBy,
  restarted: false,
  address: "10.0.0.1",
});

const open: PodWatch[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((watch) => watch.close()));
});

interface Rig {
  readonly cluster: FakeCluster;
  readonly events: PullcastEvent[];
  readonly context: ProofContext;
  readonly stop: AbortController;
  prove(name?: string): ReturnType<typeof proveNode>;
}

function rig(kubelet: FakeKubelet, fields: Partial<ProofContext> = {}): Rig {
  const cluster = new FakeCluster(kubelet);
  const watch = watchPods(cluster, { namespace: "default", selector: runSelector(RUN) });
  open.push(watch);
  const events: PullcastEvent[] = [];
  const report = (event: PullcastEvent) => events.push(event);
  const stop = new AbortController();
  let index = 0;
  const context: ProofContext = {
    gateway: cluster,
    watch,
    namespace: "default",
    run: RUN,
    image: IMAGE,
    reference: parseReference(IMAGE),
    proof: "pull",
    anonymous: Promise.resolve({ result: "denied" }),
    platforms: Promise.resolve(undefined),
    assumePrivate: false,
    expect: "pull",
    lastPush: () => undefined,
    deadline: new Date(Date.now() + 60_000),
    deadlineSeconds: 120,
    nextIndex: () => index++,
    signal: stop.signal,
    limit: pLimit(2),
    waiting: new WaitingRoom(report),
    report,
    ...fields,
  };
  const target = (name: string): Target => ({
    name,
    host: name,
    addressKind: "name",
    node: clusterNode({ name }),
  });
  return {
    cluster,
    events,
    context,
    stop,
    prove: (name = "n1") => proveNode(target(name), context),
  };
}

test("a pull that worked is reported with what ran, and the pod is gone", async () => {
  const { cluster, prove, events } = rig(() => DONE);
  expect(await prove()).toMatchObject({
    node: "n1",
    uid: "uid-n1",
    result: "pulled",
    ran: "SUCCESS",
    image: IMAGE,
    attempts: 1,
  });
  expect(cluster.pods.size).toBe(0);
  expect(events).toEqual([{ type: "node-started", node: "n1" }]);
});

test("a node whose machine the image is not for gets no pod", async () => {
  const arm = { os: "linux", architecture: "arm64", variant: "v8" };
  const { cluster, prove } = rig(() => DONE, { platforms: Promise.resolve([arm]) });
  expect(await prove()).toMatchObject({
    ...{ result: "no-platform", code: "PC702", ran: "-", attempts: 0 },
    message: "the node is linux/amd64, the image for linux/arm64/v8",
  });
  expect(cluster.created).toBe(0);
  const both = [arm, { os: "linux", architecture: "amd64" }];
  const served = rig(() => DONE, { platforms: Promise.resolve(both) });
  expect(await served.prove()).toMatchObject({ result: "pulled", attempts: 1 });
});

test("many nodes share one watch, and no more pods exist than there are slots", async () => {
  const { cluster, prove } = rig(() => DONE);
  const names = Array.from({ length: 40 }, (_, index) => `n${index}`);
  const reports = await Promise.all(names.map((name) => prove(name)));
  expect(reports.map(({ node, result }) => [node, result])).toEqual(
    names.map((name) => [name, "pulled"]),
  );
  expect(cluster.most).toBe(2);
  expect(cluster.watches).toBe(1);
  expect(cluster.pods.size).toBe(0);
});

test("a denial with no push known is final, in the registry's own words", async () => {
  const { prove } = rig(() => DENIED);
  expect(await prove()).toMatchObject({
    result: "denied",
    code: "PC401",
    message: "401 Unauthorized",
    attempts: 1,
  });
});

test("a denial that an older file may explain is tried again with a fresh pod", async () => {
  // In force 13.5 s ago: the answer is final 1.5 s from now, however busy this machine is meanwhile.
  const ago = () => pushed(new Date(Date.now() - 13_500));
  const first = ago();
  const { prove, cluster } = rig((_, count) => (count === 0 ? DENIED : DONE), {
    lastPush: () => first,
  });
  expect(await prove()).toMatchObject({ result: "pulled", attempts: 2 });
  expect(cluster.created).toBe(2);
  const never = rig(() => DENIED, { lastPush: ago });
  expect(await never.prove()).toMatchObject({ result: "denied", attempts: 2 });
});

test("a denial after a restart is final at once: nothing older is cached", async () => {
  const restarted = { ...pushed(new Date()), restarted: true };
  const { prove } = rig(() => DENIED, { lastPush: () => restarted });
  expect(await prove()).toMatchObject({ result: "denied", attempts: 1 });
});

test("a run that ends first says not yet, and when the push is in force", async () => {
  const effective = new Date(Date.now() + 200_000);
  const { prove, events } = rig(() => DENIED, {
    lastPush: () => pushed(effective),
    deadline: new Date(Date.now() + 10_000),
  });
  expect(await prove()).toMatchObject({
    result: "not-yet",
    code: "PC501",
    effectiveBy: effective.toISOString(),
  });
  expect(events.some(({ type }) => type === "waiting")).toBe(false);
});

test("Ctrl-C while a node waits leaves it not yet, with the wait told before", async () => {
  const effective = new Date(Date.now() + 200_000);
  const { prove, events, stop, context } = rig(() => DENIED, { lastPush: () => pushed(effective) });
  const report = prove();
  const waiting = await eventOf(events, "waiting");
  expect(waiting).toMatchObject({
    nodes: ["n1"],
    until: new Date(effective.getTime() + 15_000).toISOString(),
  });
  stop.abort();
  expect(await report).toMatchObject({ result: "not-yet" });
  context.waiting.close();
});

test("Ctrl-C while a pod runs removes it, and starts no other: its node is unproven, not untried", async () => {
  const { prove, cluster, stop } = rig(() => undefined);
  const reports = [prove("n1"), prove("n2"), prove("n3")];
  while (cluster.pods.size < 2) await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  const [first, second, third] = await Promise.all(reports);
  for (const report of [first, second]) {
    expect(report).toMatchObject({ result: "unproven", code: "PC543", attempts: 1 });
  }
  expect(third).toMatchObject({ result: "not-attempted", attempts: 0 });
  expect(cluster.created).toBe(2);
  expect(cluster.pods.size).toBe(0);
});

test("a silent kubelet is bounded by the run's time", async () => {
  const { prove } = rig(() => undefined, { deadline: new Date(Date.now() + 200) });
  expect(await prove()).toMatchObject({
    result: "unproven",
    code: "PC507",
    message: "the pull did not end within --timeout",
  });
});

test("a back-off without words gets them from the event", async () => {
  const { prove, cluster } = rig((pod) => {
    cluster.events.push({
      uid: pod.metadata.uid,
      type: "Warning",
      reason: "Failed",
      message: 'Failed to pull image "reg.example/a:1": manifest unknown',
    });
    return { waiting: { reason: "ImagePullBackOff", message: 'Back-off pulling image "x"' } };
  });
  expect(await prove()).toMatchObject({
    result: "not-found",
    message: expect.stringContaining("manifest unknown"),
  });
});

test("an admission that adds a pull secret makes the node unproven", async () => {
  const { prove, cluster } = rig(() => DONE);
  cluster.intercept = (method) => {
    if (method !== "POST") return undefined;
    const spec = { nodeName: "n1", imagePullSecrets: [{ name: "team" }], containers: [] };
    return { status: 201, body: { metadata: { name: "p", namespace: "default", uid: "u" }, spec } };
  };
  expect(await prove()).toMatchObject({
    result: "unproven",
    code: "PC508",
    message: "pull secrets were added: team",
  });
});

test.each([
  {
    status: 403,
    message: 'pods "pullcast-verify-x-0" is forbidden: exceeded quota: q',
    expected: { code: "PC506", message: "exceeded quota: q" },
  },
  {
    status: 403,
    message: 'pods is forbidden: User "u" cannot create resource "pods"',
    expected: { code: "PC104" },
  },
  { status: 422, message: "Pod is invalid: spec.x", expected: { code: "PC506" } },
  { status: 404, message: 'namespaces "n" not found', expected: { code: "PC506" } },
])("$message at creation is a value with the server's words", async (refusal) => {
  const { prove, cluster } = rig(() => DONE);
  const { status, message, expected } = refusal;
  cluster.intercept = (method) => (method === "POST" ? { status, body: { message } } : undefined);
  expect(await prove()).toMatchObject({ result: "unproven", message, ...expected });
});

test("a pod whose creation was answered with an error is found, and no other is made", async () => {
  const { prove, cluster } = rig(() => DONE);
  cluster.answersToLose = 1;
  expect(await prove()).toMatchObject({ result: "pulled", attempts: 1 });
  expect(cluster.created).toBe(1);
});

test("a namesake with the run's labels, made by a tenant, proves nothing", async () => {
  const { prove, cluster } = rig(() => DONE);
  let copied: Pod | undefined;
  cluster.intercept = (method, path) => {
    if (method === "POST") return { status: 409, body: { message: "already exists" } };
    const name = /\/pods\/([^/?]+)$/.exec(path)?.[1];
    if (method !== "GET" || name === undefined) return undefined;
    copied = testPod({
      status: { containerStatuses: [{ imageID: "sha256:1", state: DONE }] },
      spec: { containers: [{ image: IMAGE, imagePullPolicy: "Always" }] },
    });
    const labels = { "pullcast.dev/run": RUN };
    return { status: 200, body: { ...copied, metadata: { ...copied.metadata, name, labels } } };
  };
  expect(await prove()).toMatchObject({ result: "unproven", code: "PC506" });
  expect(copied).toBeDefined();
  expect(cluster.requests.filter((request) => request.startsWith("DELETE"))).toEqual([]);
});

test("a pod that loses its token while it runs proves nothing", async () => {
  const { prove, cluster } = rig(() => undefined);
  const report = prove();
  while (cluster.pods.size === 0) await new Promise((resolve) => setImmediate(resolve));
  const [pod] = cluster.pods.values();
  if (pod !== undefined) {
    const metadata = { ...pod.metadata, annotations: {} };
    cluster.pods.set(pod.metadata.name, { ...pod, metadata });
    cluster.setState({ ...pod, metadata }, DONE);
  }
  expect(await report).toMatchObject({ result: "unproven", code: "PC508" });
});

test("overload passes", async () => {
  const { prove, cluster } = rig(() => DONE);
  let posts = 0;
  cluster.intercept = (method) => {
    if (method !== "POST") return undefined;
    posts += 1;
    return posts === 1 ? { status: 429, body: {} } : undefined;
  };
  expect(await prove()).toMatchObject({ result: "pulled", attempts: 1 });
  expect(posts).toBe(2);
});

test("the pod that somebody removes is unproven", async () => {
  const { prove, cluster } = rig(() => undefined);
  const report = prove();
  while (cluster.pods.size === 0) await new Promise((resolve) => setImmediate(resolve));
  const [pod] = cluster.pods.values();
  await cluster.request("DELETE", `/api/v1/namespaces/default/pods/${pod?.metadata.name}`);
  expect(await report).toMatchObject({
    result: "unproven",
    message: "somebody removed the test pod",
  });
});

test.each(["ended", "too old"])(
  "a watch that %s is begun anew, and nothing is missed",
  async (how) => {
    const { prove, cluster } = rig(() => undefined);
    const report = prove();
    while (cluster.pods.size === 0 || cluster.watches === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const [pod] = cluster.pods.values();
    // The answer comes while nobody watches.
    if (pod !== undefined) cluster.setState(pod, DONE, true);
    if (how === "ended") cluster.endWatches();
    else cluster.send({ type: "ERROR", object: { code: 410 } });
    expect(await report).toMatchObject({ result: "pulled" });
    expect(cluster.watches).toBe(2);
  },
);

test("a cluster that may not be watched, or is gone, ends the run", async () => {
  const { prove, cluster } = rig(() => undefined);
  cluster.intercept = (method) =>
    method === "GET" ? { status: 403, body: { message: "no list" } } : undefined;
  await expect(prove()).rejects.toMatchObject({ code: "PC104" });
  const gone = rig(() => DONE);
  gone.cluster.intercept = () => goneError();
  await expect(gone.prove()).rejects.toMatchObject({ code: "PC103" });
});

async function eventOf(events: readonly PullcastEvent[], type: string): Promise<PullcastEvent> {
  for (;;) {
    const found = events.find((event) => event.type === type);
    if (found !== undefined) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("after a removal a denial is what is wanted, at once", async () => {
  const { prove } = rig(() => DENIED, {
    expect: "denial",
    lastPush: () => pushed(new Date(Date.now() + 60_000)),
  });
  expect(await prove()).toMatchObject({ result: "revoked", attempts: 1 });
});

test("after a removal a pull that is served for good is told as such", async () => {
  const { prove } = rig(() => DONE, { expect: "denial" });
  expect(await prove()).toMatchObject({ result: "served", code: "PC523", ran: "SUCCESS" });
});

test("after a removal a pull that the cache may have served is tried again until the cache is over", async () => {
  let pods = 0;
  const { prove, events } = rig(() => (pods++ === 0 ? DONE : DENIED), {
    expect: "denial",
    // Over at once: the second pod comes after it.
    lastPush: () => ({ ...pushed(new Date(Date.now() + 300)), restarted: true }),
  });
  expect(await prove()).toMatchObject({ result: "revoked", attempts: 2 });
  expect(events.some(({ type }) => type === "waiting")).toBe(true);
});

test("after a removal an image that anybody may pull proves nothing", async () => {
  const { prove } = rig(() => DONE, {
    expect: "denial",
    anonymous: Promise.resolve({ result: "public" }),
  });
  expect(await prove()).toMatchObject({ result: "public", code: "PC470" });
});
