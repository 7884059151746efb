import type { Pod } from "../../../../agent/cluster/pods.ts";

/** The token that test pods carry. */
export const TOKEN = "0123456789abcdef0123456789abcdef";

/** An admitted test pod of the image `r/a:1` on node n1, but for what is given. */
export function testPod({
  status,
  spec,
  annotations = { "pullcast.dev/token": TOKEN },
}: {
  status?: Pod["status"];
  spec?: Partial<Pod["spec"]>;
  annotations?: Readonly<Record<string, string>>;
}): Pod {
  return {
    metadata: { name: "p", namespace: "default", uid: "u1", annotations },
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
