import { expect, test } from "vitest";
import type { ApiAnswer, Gateway } from "../../../agent/cluster/gateway.ts";
import { readPodPull } from "../../../agent/cluster/pull-secrets.ts";

/** An API server of a few fixed answers; what it has not is 404. The real one is in the cluster tests. */
function fixedAnswers(answers: Readonly<Record<string, object | number>>): Gateway {
  return {
    async request(_method, path): Promise<ApiAnswer> {
      const body = answers[path.replace("/api/v1/namespaces/ns/", "")] ?? 404;
      return typeof body === "number"
        ? { status: body, body: { message: "no" } }
        : { status: 200, body };
    },
    watch: () => Promise.reject(new Error("not asked for")),
    close: () => Promise.resolve(),
  };
}

const b64 = (text: string) => Buffer.from(text).toString("base64");
const podOf = (names: readonly string[], more: object = {}) => ({
  spec: {
    nodeName: "n1",
    imagePullSecrets: names.map((name) => ({ name })),
    initContainers: [{ image: "init", imagePullPolicy: "Always" }],
    containers: [{ image: "app:1" }, { image: "init", imagePullPolicy: "Never" }],
    ...more,
  },
});
const read = (answers: Readonly<Record<string, object | number>>) =>
  readPodPull(fixedAnswers(answers), { namespace: "ns", name: "p" });

test("each secret as the kubelet takes it: by type and field, missing ones and empty names passed over", async () => {
  const pod = await read({
    "pods/p": podOf(["json", "", "cfg", "gone", "opaque", "empty", "shut", "json"]),
    "serviceaccounts/default": { imagePullSecrets: [{ name: "json" }, { name: "later" }] },
    "secrets/json": {
      type: "kubernetes.io/dockerconfigjson",
      data: { ".dockerconfigjson": b64("{}") },
    },
    "secrets/cfg": { type: "kubernetes.io/dockercfg", data: { ".dockercfg": b64("{}") } },
    "secrets/opaque": { type: "Opaque", data: { ".dockerconfigjson": b64("{}") } },
    "secrets/empty": { type: "kubernetes.io/dockerconfigjson", data: null },
    "secrets/shut": 403,
  });
  expect(pod.secrets.map(({ name, state, format }) => [name, state, format])).toEqual([
    ["json", "found", "config.json"],
    ["cfg", "found", ".dockercfg"],
    ["gone", "missing", undefined],
    ["opaque", "unusable", undefined],
    ["empty", "unusable", undefined],
    ["shut", "unread", undefined],
  ]);
  expect(pod.secrets[3]?.why).toBe("its type is Opaque");
  expect(pod).toMatchObject({ node: "n1", serviceAccount: "default", notTaken: ["later"] });
  expect(pod.images).toEqual([
    { image: "init", policy: "Always" },
    { image: "app:1", policy: "" },
  ]);
  expect(JSON.stringify(pod)).toContain('"content":"***"');
});

test("a ServiceAccount that may not be read is no obstacle, a pod that is not there is", async () => {
  const pod = await read({
    "pods/p": podOf([], { serviceAccountName: "robot" }),
    "serviceaccounts/robot": 403,
  });
  expect(pod).toMatchObject({ serviceAccount: "robot", secrets: [], notTaken: [] });
  await expect(read({})).rejects.toMatchObject({ code: "PC001", fix: "kubectl get pods -n ns" });
  await expect(read({ "pods/p": 403 })).rejects.toMatchObject({ code: "PC104" });
});
