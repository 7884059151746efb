import { expect, test } from "vitest";
import { buildKeyPod } from "../../../../agent/operations/trust/key-pod.ts";

test("the pod only reads /etc/ssh, as nobody, and has no token, no rights and no deadline beyond the run's", () => {
  const pod = buildKeyPod({
    run: "20261124T050102Z-1f3a9c",
    node: "n1",
    image: "r/busybox:1",
    index: 3,
    token: "0123456789abcdef0123456789abcdef",
    deadlineSeconds: 360,
  });
  expect(pod).toMatchObject({
    metadata: {
      name: "pullcast-trust-20261124t050102z-1f3a9c-3-01234567",
      labels: {
        "app.kubernetes.io/managed-by": "pullcast",
        "pullcast.dev/run": "20261124T050102Z-1f3a9c",
      },
    },
    spec: {
      nodeName: "n1",
      activeDeadlineSeconds: 360,
      automountServiceAccountToken: false,
      tolerations: [{ operator: "Exists" }],
      securityContext: { runAsNonRoot: true, runAsUser: 65534 },
      volumes: [{ name: "ssh", hostPath: { path: "/etc/ssh" } }],
      containers: [
        {
          image: "r/busybox:1",
          imagePullPolicy: "IfNotPresent",
          command: [
            "cat",
            "/host-ssh/ssh_host_ed25519_key.pub",
            "/host-ssh/ssh_host_ecdsa_key.pub",
            "/host-ssh/ssh_host_rsa_key.pub",
          ],
          volumeMounts: [{ name: "ssh", mountPath: "/host-ssh", readOnly: true }],
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
        },
      ],
    },
  });
});
