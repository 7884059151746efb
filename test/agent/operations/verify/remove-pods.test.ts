import { expect, test } from "vitest";
import { MANAGED_BY } from "../../../../agent/operations/pod-frame.ts";
import { removePods } from "../../../../agent/operations/verify/remove-pods.ts";
import { FakeCluster, goneError } from "./fake-cluster.ts";
import { testPod } from "./test-pod-object.ts";

function clusterWith(count: number): FakeCluster {
  const cluster = new FakeCluster(() => undefined);
  for (let index = 0; index < count; index += 1) {
    const pod = testPod({});
    const metadata = { ...pod.metadata, name: `p${index}`, uid: `u${index}` };
    cluster.pods.set(metadata.name, { ...pod, metadata });
  }
  return cluster;
}

test("all pods of a selector are removed and named", async () => {
  const cluster = clusterWith(40);
  const reports = await removePods(cluster, { selector: MANAGED_BY });
  expect(reports).toHaveLength(40);
  expect(reports[0]).toEqual({ namespace: "default", name: "p0", node: "n1", result: "removed" });
  expect(cluster.pods.size).toBe(0);
  expect(cluster.requests[0]).toBe("GET /api/v1/pods");
});

test("one that can't be removed holds up no other", async () => {
  const cluster = clusterWith(3);
  cluster.intercept = (method, path) =>
    method === "DELETE" && path.endsWith("/p1")
      ? { status: 403, body: { message: "no" } }
      : undefined;
  expect(await removePods(cluster, { selector: MANAGED_BY, namespace: "default" })).toMatchObject([
    { name: "p0", result: "removed" },
    { name: "p1", result: "failed", message: "HTTP 403: no" },
    { name: "p2", result: "removed" },
  ]);
  expect(cluster.requests[0]).toBe("GET /api/v1/namespaces/default/pods");
});

test("a pod that is gone already counts as removed", async () => {
  const cluster = clusterWith(1);
  cluster.intercept = (method) => (method === "DELETE" ? { status: 404, body: {} } : undefined);
  expect(await removePods(cluster, { selector: MANAGED_BY })).toMatchObject([
    { result: "removed" },
  ]);
});

test("pods that can't be listed are an error, an interrupted removal is a value", async () => {
  const cluster = clusterWith(1);
  const aborted = AbortSignal.abort();
  expect(await removePods(cluster, { selector: MANAGED_BY, signal: aborted })).toMatchObject([
    { result: "failed" },
  ]);
  cluster.intercept = () => ({ status: 403, body: { message: "no" } });
  await expect(removePods(cluster, { selector: MANAGED_BY })).rejects.toMatchObject({
    code: "PC104",
  });
  cluster.intercept = () => goneError();
  await expect(removePods(cluster, { selector: MANAGED_BY })).rejects.toMatchObject({
    code: "PC103",
  });
});
