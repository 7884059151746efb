import { CONTAINER_FRAME, type PodFrame, podFrame } from "../pod-frame.ts";

/** Types of host keys that a login accepts; sshd keeps each in a file of this name. */
const KEY_FILES = ["ed25519", "ecdsa", "rsa"].map((type) => `ssh_host_${type}_key.pub`);

const MOUNT = "/host-ssh";

type KeyPod = Omit<PodFrame, "app"> & {
  /** Image reference; it needs `cat` and nothing else. */
  readonly image: string;
};

/** A pod that prints the public host keys of one node. As nobody it can't read the private ones. */
export function buildKeyPod({ image, ...frame }: KeyPod): object {
  const { metadata, spec } = podFrame({ app: "pullcast-trust", ...frame });
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata,
    spec: {
      ...spec,
      securityContext: {
        ...spec.securityContext,
        // Under SELinux a container may read no host key, not even a public one; elsewhere it is ignored.
        seLinuxOptions: { type: "spc_t" },
      },
      volumes: [{ name: "ssh", hostPath: { path: "/etc/ssh", type: "Directory" } }],
      containers: [
        {
          name: "keys",
          image,
          imagePullPolicy: "IfNotPresent",
          command: ["cat", ...KEY_FILES.map((file) => `${MOUNT}/${file}`)],
          volumeMounts: [{ name: "ssh", mountPath: MOUNT, readOnly: true }],
          ...CONTAINER_FRAME,
        },
      ],
    },
  };
}
