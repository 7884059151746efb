import { expect, test } from "vitest";
import { agentManifests, daemonSet } from "../../../agent/deploy/manifests.ts";
import type { AgentSettings } from "../../../agent/deploy/model.ts";
import { isSameFile, readRevision, revisionSecret } from "../../../agent/deploy/revision.ts";
import { Secret } from "../../../agent/secret.ts";

const settings: AgentSettings = {
  ...{ namespace: "ns", name: "agent", image: "r.example/agent:1", target: "kubelet" },
  ...{ rootDir: "/var/lib/kubelet", maxUnavailable: "10%", pollSeconds: 60 },
  ...{ takeBackOnStop: false, nodeSelector: {} },
};
const pods = { revision: "agent-1", mode: "keep" } as const;

/** What of a DaemonSet decides what its pods may do. */
interface Made {
  readonly spec: {
    readonly updateStrategy: object;
    readonly template: {
      readonly spec: {
        readonly volumes: readonly { readonly hostPath?: { readonly path: string } }[];
        readonly containers: readonly {
          readonly lifecycle?: object;
          readonly securityContext: object;
          readonly readinessProbe: { readonly exec: { readonly command: readonly string[] } };
        }[];
      };
    };
  };
}
const made = (more: Partial<AgentSettings> = {}, mode: "keep" | "take-back" = "keep") =>
  daemonSet({ ...settings, ...more }, { ...pods, mode }) as Made;

test("the pods have no token, no network of use, and no right but to write one directory", () => {
  const { spec } = made().spec.template;
  expect(spec).toMatchObject({
    automountServiceAccountToken: false,
    securityContext: { seccompProfile: { type: "RuntimeDefault" } },
    tolerations: [{ operator: "Exists" }],
    priorityClassName: "system-node-critical",
  });
  expect(spec).not.toHaveProperty("hostNetwork");
  expect(spec).not.toHaveProperty("hostPID");
  expect(spec.containers[0]?.securityContext).toMatchObject({
    privileged: false,
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  expect(spec.volumes.filter(({ hostPath }) => hostPath !== undefined)).toHaveLength(1);
  const kinds = agentManifests(settings, pods) as { kind: string }[];
  expect(kinds.map(({ kind }) => kind)).toEqual([
    ...["Namespace", "ServiceAccount", "NetworkPolicy", "DaemonSet"],
  ]);
});

test.each([
  ["kubelet", "/var/lib/kubelet"],
  ["provider", "/var/lib/pullcast"],
  ["root-docker", "/.docker"],
] as const)("for %s, %s is all that is mounted of the node", (target, path) => {
  const { volumes } = made({ target }).spec.template.spec;
  expect(volumes.flatMap(({ hostPath }) => hostPath?.path ?? [])).toEqual([path]);
});

test("ready means the file, or in taking back that it is gone; only who asks has it taken back on stop", () => {
  const probeOf = (mode: "keep" | "take-back") =>
    made({}, mode).spec.template.spec.containers[0]?.readinessProbe.exec.command.at(-1);
  expect(probeOf("keep")).toBe("ready");
  expect(probeOf("take-back")).toBe("gone");
  const lifecycle = (takeBackOnStop: boolean, mode: "keep" | "take-back" = "keep") =>
    made({ takeBackOnStop }, mode).spec.template.spec.containers[0]?.lifecycle;
  expect(lifecycle(false)).toBeUndefined();
  expect(lifecycle(true)).toBeDefined();
  expect(lifecycle(true, "take-back")).toBeUndefined();
});

test("a count stays a number: the API takes no other", () => {
  expect(made({ maxUnavailable: "3" }).spec.updateStrategy).toMatchObject({
    rollingUpdate: { maxUnavailable: 3 },
  });
});

test("a revision's Secret is immutable, its name tells nothing of it, and it is read as it was written", () => {
  const filesOf = (config: string, header: string) => ({
    config: new Secret(config),
    header: new Secret(header),
  });
  const header = `install /host 13 ${"a".repeat(64)} no run1 -\n`;
  const files = filesOf('{"auths":{}}\n\u00ff', header);
  const secret = revisionSecret({ namespace: "ns", name: "agent", run: "20261128T0Z-1AB" }, files);
  expect(secret).toMatchObject({ immutable: true, metadata: { name: "agent-20261128t0z-1ab" } });
  const read = readRevision(secret);
  expect([read?.config.reveal(), read?.header.reveal()]).toEqual(['{"auths":{}}\n\u00ff', header]);
  expect(readRevision({ type: "Opaque", data: {} })).toBeUndefined();
  expect(readRevision(undefined)).toBeUndefined();
  const same = (text: string, told: string) => isSameFile(files, filesOf(text, told));
  expect(same('{"auths":{}}\n\u00ff', header.replace("run1", "run2"))).toBe(true);
  expect(same('{"auths":{}}\n\u00ff', header.replace(" no ", " yes "))).toBe(false);
  expect(same("{}", header)).toBe(false);
});
