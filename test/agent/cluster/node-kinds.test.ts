import { expect, test } from "vitest";
import { cloudOf, isOpenShift, skipReason } from "../../../agent/cluster/node-kinds.ts";
import type { ClusterNode } from "../../../agent/model.ts";
import { clusterNode } from "./cluster-node.ts";

test.each<[string, Partial<ClusterNode>, string | undefined]>([
  ["a Linux node", {}, undefined],
  ["os windows", { os: "windows" }, "PC115"],
  ["label windows", { os: "", labels: { "kubernetes.io/os": "windows" } }, "PC115"],
  ["virtual-kubelet", { labels: { type: "virtual-kubelet" } }, "PC116"],
  ["Fargate", { labels: { "eks.amazonaws.com/compute-type": "fargate" } }, "PC116"],
  ["Fargate by provider ID", { providerId: "aws:///eu-west-1a/x/fargate-ip-10-0-0-1" }, "PC116"],
  ["another type", { labels: { type: "worker" } }, undefined],
])("%s is skipped with %s", (_, fields, code) => {
  expect(skipReason(clusterNode(fields))?.code).toBe(code);
});

test.each<[Partial<ClusterNode>, string | undefined]>([
  [{ labels: { "cloud.google.com/gke-nodepool": "p" }, providerId: "gce://p/z/n" }, "GKE"],
  [{ providerId: "gce://p/z/n", osImage: "Container-Optimized OS from Google" }, "GKE"],
  [{ providerId: "gce://p/z/n" }, undefined],
  [{ labels: { "eks.amazonaws.com/nodegroup": "g" }, providerId: "aws:///a/i-1" }, "EKS"],
  [{ providerId: "aws:///a/i-1" }, undefined],
  [{ labels: { "kubernetes.azure.com/cluster": "MC_x" }, providerId: "azure:///s" }, "AKS"],
  [{ providerId: "azure:///subscriptions/s/resourceGroups/mc_rg_c/providers/p" }, "AKS"],
  [{ providerId: "kind://docker/kind/n" }, undefined],
])("%j is a node of %s", (fields, cloud) => {
  expect(cloudOf(clusterNode(fields))).toBe(cloud);
});

test.each<[Partial<ClusterNode>, boolean]>([
  [{ labels: { "node.openshift.io/os_id": "rhcos" } }, true],
  [{ osImage: "Red Hat Enterprise Linux CoreOS 417.94.202410" }, true],
  [{ annotations: { "machineconfiguration.openshift.io/state": "Done" } }, true],
  [{ osImage: "Red Hat Enterprise Linux 9.4 (Plow)" }, false],
])("%j is OpenShift: %s", (fields, yes) => {
  expect(isOpenShift(clusterNode(fields))).toBe(yes);
});
