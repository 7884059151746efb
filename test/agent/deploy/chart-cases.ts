import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ControllerSettings, controllerManifests } from "../../../agent/deploy/controller.ts";
import { agentManifests } from "../../../agent/deploy/manifests.ts";
import type { AgentSettings } from "../../../agent/deploy/model.ts";

export const CHART: string = fileURLToPath(
  new URL("../../../agent/deploy/chart/", import.meta.url),
);
/** What a real helm made of the chart; `npm run soak -- helm-chart` writes it. */
export const RENDERED: string = fileURLToPath(new URL("chart-rendered.json", import.meta.url));

/** Values of the chart, and what is to come of them. */
export interface ChartCase {
  readonly name: string;
  readonly release: string;
  readonly namespace: string;
  readonly values: object;
  /** As `agent install` and `render` make them; absent: monitoring, which only the chart has. */
  readonly manifests?: readonly object[];
}

/** What helm made of the cases. */
export interface Rendered {
  readonly helm: string;
  /** Of the chart's files. */
  readonly digest: string;
  readonly cases: Readonly<Record<string, readonly object[]>>;
}

const PLACE = { namespace: "pullcast-system", name: "pullcast" };
const AGENT: AgentSettings = {
  ...{ ...PLACE, image: "r.example/agent:1", target: "kubelet", rootDir: "/var/lib/kubelet" },
  ...{ maxUnavailable: "10%", pollSeconds: 60, takeBackOnStop: false, nodeSelector: {} },
};
const CONTROLLER: ControllerSettings = {
  ...{ ...PLACE, image: "r.example/cli:1", sources: [], clouds: [] },
  ...{ accountAnnotations: {}, podLabels: {} },
};
const REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

/** The chart's objects need a namespace that is there. */
function agent(settings: Partial<AgentSettings>, revision: string): readonly object[] {
  const objects = agentManifests({ ...AGENT, ...settings }, { revision, mode: "keep" });
  return objects.filter((one) => (one as { readonly kind?: unknown }).kind !== "Namespace");
}

export const CASES: readonly ChartCase[] = [
  {
    name: "usual",
    ...{ release: "pullcast", namespace: "pullcast-system" },
    values: {
      agent: { image: AGENT.image },
      controller: {
        image: CONTROLLER.image,
        fromSecrets: ["ops/a", "ops/b", "other/c", "pullcast-system/d"],
      },
    },
    manifests: [
      ...agent({}, "pullcast-pending"),
      ...controllerManifests({
        ...CONTROLLER,
        sources: [
          { namespace: "ops", name: "a" },
          { namespace: "ops", name: "b" },
          { namespace: "other", name: "c" },
          { namespace: "pullcast-system", name: "d" },
        ],
      }),
    ],
  },
  {
    name: "agent alone",
    ...{ release: "team", namespace: "team-pulls" },
    values: {
      agent: {
        ...{ image: AGENT.image, target: "provider", maxUnavailable: 3, pollSeconds: 5 },
        ...{ takeBackOnStop: true, nodeSelector: { pool: "gpu" }, revision: "team-20260101t0" },
      },
      controller: { enabled: false },
    },
    manifests: agent(
      {
        ...{ namespace: "team-pulls", name: "team", target: "provider", maxUnavailable: "3" },
        ...{ pollSeconds: 5, takeBackOnStop: true, nodeSelector: { pool: "gpu" } },
      },
      "team-20260101t0",
    ),
  },
  {
    name: "by a cloud's identity",
    ...{ release: "pullcast", namespace: "pullcast-system" },
    values: {
      agent: { image: AGENT.image, target: "root-docker" },
      controller: {
        image: CONTROLLER.image,
        fromClouds: [REGISTRY],
        serviceAccountAnnotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/r" },
        podLabels: { "azure.workload.identity/use": "true" },
      },
    },
    manifests: [
      ...agent({ target: "root-docker" }, "pullcast-pending"),
      ...controllerManifests({
        ...CONTROLLER,
        clouds: [REGISTRY],
        accountAnnotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/r" },
        podLabels: { "azure.workload.identity/use": "true" },
      }),
    ],
  },
  {
    name: "monitored",
    ...{ release: "pullcast", namespace: "pullcast-system" },
    values: {
      agent: { image: AGENT.image },
      controller: { image: CONTROLLER.image, fromSecrets: ["ops/a"] },
      monitoring: {
        ...{ serviceMonitor: true, rules: true, dashboard: true },
        labels: { release: "kube-prometheus" },
      },
    },
  },
];

/** Values that the schema must refuse, and what is wrong with each. */
export const WRONG: Readonly<Record<string, object>> = {
  "no image": {},
  "no source of the controller": { agent: { image: "r" }, controller: { image: "r" } },
  "a misspelt value": {
    agent: { image: "r", pollSecond: 5 },
    controller: { enabled: false },
  },
  "nobody at once": {
    agent: { image: "r", maxUnavailable: "0%" },
    controller: { enabled: false },
  },
  "a Secret without namespace": {
    agent: { image: "r" },
    controller: { image: "r", fromSecrets: ["a"] },
  },
};

/** Of all the chart's files, names and contents. */
export function chartDigest(): string {
  const hash = createHash("sha256");
  const files = readdirSync(CHART, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .sort();
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    hash.update(`${file.slice(CHART.length)}\0${text.length}\0${text}`);
  }
  return hash.digest("hex");
}

/** By kind, namespace and name: their order is nobody's business. */
export function sorted(objects: readonly object[]): object[] {
  const key = (one: object) => {
    const { kind, metadata } = one as {
      readonly kind: string;
      readonly metadata: { readonly namespace?: string; readonly name: string };
    };
    return `${kind} ${metadata.namespace ?? ""} ${metadata.name}`;
  };
  return [...objects].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
