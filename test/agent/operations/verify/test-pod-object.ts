import type { Pod } from "../../../../agent/cluster/pods.ts";

/** An admitted test pod of the image `r/a:1` on node n1, but for what is given. */
export function testPod({
  status,
  spec,
}: {
  status?: Pod["status"];
  spec?: Partial<Pod["spec"]>;
}): Pod {
  return {
    metadata: { name: "p", namespace: "default", uid: "u1" },
    spec: {
      nodeName: "n1",
      containers: [{ name: "pull", image: "r/a:1", imagePullPolicy: "Always" }],
      // The API server leaves an empty name out.
      imagePullSecrets: [{}],
      ...spec,
    },
    ...(status === undefined ? {} : { status }),
  };
}
