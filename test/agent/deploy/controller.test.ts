import { expect, test } from "vitest";
import { controllerManifests } from "../../../agent/deploy/controller.ts";

interface Made {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly {
    readonly resources: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
  readonly spec?: {
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] };
    };
  };
}

const made = (...sources: { namespace: string; name: string }[]) =>
  controllerManifests({ ...PLAIN, sources }) as Made[];
const PLAIN = {
  ...{ namespace: "ns", name: "agent", image: "r/cli:1" },
  ...{ sources: [], clouds: [], accountAnnotations: {}, podLabels: {} },
};

test("rights are by name where the API can say so, and of the source only what is read", () => {
  const roles = made(
    { namespace: "ops", name: "a" },
    { namespace: "ops", name: "b" },
    { namespace: "ns", name: "c" },
  )
    .filter(({ kind }) => kind === "Role")
    .map(({ metadata, rules = [] }) => [
      metadata.namespace,
      ...rules.map(
        ({ resources, resourceNames }) =>
          `${resources}${resourceNames === undefined ? "" : ` ${resourceNames}`}`,
      ),
    ]);
  expect(roles).toEqual([
    ["ns", "daemonsets agent", "secrets", "pods", "events", "leases", "leases agent-controller"],
    ["ops", "secrets a,b"],
  ]);
});

test("the Deployment watches its own DaemonSet from its sources", () => {
  const deployment = made({ namespace: "ops", name: "a" }).find(
    ({ kind }) => kind === "Deployment",
  );
  expect(deployment?.spec?.template.spec.containers[0]?.args).toEqual([
    ...["watch", "--deliver", "secret", "--agent", "ns/agent", "--from-secret", "ops/a"],
    ...["--log-format", "json", "--listen", ":9464"],
  ]);
});

test("an identity of a cloud is named by the ServiceAccount and the pods' labels", () => {
  const objects = controllerManifests({
    ...PLAIN,
    clouds: ["team.azurecr.io"],
    accountAnnotations: { "azure.workload.identity/client-id": "id-1" },
    podLabels: { "azure.workload.identity/use": "true" },
  }) as Made[];
  const of = (kind: string) => objects.find((one) => one.kind === kind);
  expect(of("ServiceAccount")?.metadata).toMatchObject({
    annotations: { "azure.workload.identity/client-id": "id-1" },
  });
  expect(of("Deployment")?.spec?.template).toMatchObject({
    metadata: { labels: { "azure.workload.identity/use": "true" } },
  });
  expect(of("Deployment")?.spec?.template.spec.containers[0]?.args).toContain("team.azurecr.io");
});
