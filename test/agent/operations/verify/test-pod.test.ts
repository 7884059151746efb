import { expect, test } from "vitest";
import type { Pod } from "../../../../agent/cluster/pods.ts";
import { newPodToken, runSelector } from "../../../../agent/operations/pod-frame.ts";
import { buildTestPod, podFault } from "../../../../agent/operations/verify/test-pod.ts";
import { TOKEN, testPod } from "./test-pod-object.ts";

const RUN = "20261124T050102Z-1f3a9c";

test("the pod is pinned, always pulls, has no token, no rights and no secrets but an empty one", () => {
  const pod = buildTestPod({
    run: RUN,
    node: "n1",
    image: "r/a:1",
    index: 3,
    token: TOKEN,
    deadlineSeconds: 480,
  });
  expect(pod).toMatchObject({
    metadata: {
      name: "pullcast-verify-20261124t050102z-1f3a9c-3-01234567",
      labels: {
        "app.kubernetes.io/managed-by": "pullcast",
        "pullcast.dev/run": RUN,
        "pullcast.dev/node": expect.stringMatching(/^[0-9a-f]{16}$/),
      },
      annotations: { "pullcast.dev/token": TOKEN },
    },
    spec: {
      nodeName: "n1",
      restartPolicy: "Never",
      activeDeadlineSeconds: 480,
      automountServiceAccountToken: false,
      imagePullSecrets: [{ name: "" }],
      tolerations: [{ operator: "Exists" }],
      securityContext: { runAsNonRoot: true, runAsUser: 65534 },
      containers: [
        {
          image: "r/a:1",
          imagePullPolicy: "Always",
          command: ["echo", "SUCCESS"],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        },
      ],
    },
  });
  expect(runSelector(RUN)).toBe(`app.kubernetes.io/managed-by=pullcast,pullcast.dev/run=${RUN}`);
});

const container = { name: "pull", image: "r/a:1", imagePullPolicy: "Always" };

test.each<[string, Partial<Pod["spec"]>, string | undefined]>([
  ["as sent", {}, undefined],
  ["an empty name kept", { imagePullSecrets: [{ name: "" }] }, undefined],
  ["a secret added", { imagePullSecrets: [{}, { name: "s" }] }, "pull secrets were added: s"],
  ["the secret removed", { imagePullSecrets: [] }, "the empty pull secret was removed"],
  ["moved", { nodeName: "n2" }, "the pod was moved to another node"],
  ["an init container", { initContainers: [container] }, "init containers were added"],
  ["a sidecar", { containers: [container, container] }, "containers were added"],
  [
    "a mirror",
    { containers: [{ ...container, image: "mirror/a:1" }] },
    "the image was changed to mirror/a:1",
  ],
  [
    "no pull",
    { containers: [{ ...container, imagePullPolicy: "IfNotPresent" }] },
    "the pull policy was changed",
  ],
])("admission: %s", (_, spec, fault) => {
  expect(podFault(testPod({ spec }), { image: "r/a:1", node: "n1", token: TOKEN })).toBe(fault);
});

test("a pod with another token, or none, is not ours: its name and labels can be copied", () => {
  const expected = { image: "r/a:1", node: "n1", token: TOKEN };
  for (const annotations of [{}, { "pullcast.dev/token": newPodToken() }]) {
    expect(podFault(testPod({ annotations }), expected)).toMatch(/token was changed/);
  }
  expect(newPodToken()).toMatch(/^[0-9a-f]{32}$/);
});
