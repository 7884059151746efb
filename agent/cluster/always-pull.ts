import { cleanText } from "../util/clean-text.ts";
import { apiWords } from "./api-http.ts";
import type { Gateway } from "./gateway.ts";
import { podsPath } from "./pods.ts";

/** Whether each pod of a namespace is made to pull afresh, or why nobody can tell; both absent is never. */
export interface AlwaysPull {
  readonly alwaysPull?: boolean;
  /** The API server's words. */
  readonly alwaysPullUnknown?: string;
}

/** Sends a pod that is never made: its pull policy comes back changed where AlwaysPullImages is on. */
export async function findAlwaysPull(gateway: Gateway, namespace: string): Promise<AlwaysPull> {
  const { status, body } = await gateway.request("POST", `${podsPath(namespace)}?dryRun=All`, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { generateName: "pullcast-asks-" },
    spec: {
      automountServiceAccountToken: false,
      securityContext: {
        ...{ runAsNonRoot: true, runAsUser: 65534 },
        seccompProfile: { type: "RuntimeDefault" },
      },
      containers: [
        {
          name: "asks",
          image: "registry.k8s.io/pause:3.10",
          imagePullPolicy: "IfNotPresent",
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        },
      ],
    },
  });
  if (status !== 201) return { alwaysPullUnknown: cleanText(apiWords(body), 300) };
  const { spec } = body as { spec?: { containers?: readonly { imagePullPolicy?: string }[] } };
  return { alwaysPull: spec?.containers?.[0]?.imagePullPolicy === "Always" };
}
