import type { Code } from "../errors.ts";
import type { ClusterNode } from "../model.ts";
import { type Cloud, cloudOf, isOpenShift } from "./node-kinds.ts";

/** Why a file on a node is the wrong way, and which way is the right one. */
export interface Unsuited {
  readonly code: Code;
  /** A clause. */
  readonly message: string;
  /** The step that does the same there. */
  readonly fix: string;
  /** It would work, though not for long: the user may insist. */
  readonly unwise: boolean;
}

/**
 * Nodes whose system or cloud has its own way for registry credentials: by what the API server says of them, which
 * their kubelets report themselves.
 */
export function unsuitedReason(node: ClusterNode): Unsuited | undefined {
  return ofOpenShift(node) ?? ofSealedSystem(node) ?? ofCloud(node);
}

function ofOpenShift(node: ClusterNode): Unsuited | undefined {
  if (!isOpenShift(node)) return undefined;
  const hosted = Object.keys(node.labels).some((label) =>
    label.startsWith("hypershift.openshift.io/"),
  );
  return {
    code: "PC118",
    message: hosted
      ? "it says that it is a node of a hosted OpenShift cluster"
      : "it says that it is a node of OpenShift",
    fix: hosted
      ? "oc create secret generic additional-pull-secret -n kube-system --from-file=.dockerconfigjson=FILE --type=kubernetes.io/dockerconfigjson, in the hosted cluster"
      : "oc set data secret/pull-secret -n openshift-config --from-file=.dockerconfigjson=FILE",
    unwise: false,
  };
}

/** Systems without a shell to log in to, or whose files come from their own settings. */
function ofSealedSystem({ osImage }: ClusterNode): Unsuited | undefined {
  if (/^Talos\b/.test(osImage)) {
    return {
      code: "PC147",
      message: "Talos has no SSH and no shell",
      fix: "talosctl patch machineconfig, with machine.registries.config.HOST.auth",
      unwise: false,
    };
  }
  if (/^Bottlerocket\b/.test(osImage)) {
    return {
      code: "PC147",
      message: "Bottlerocket takes credentials from its settings alone",
      fix: "apiclient set container-registry.credentials, or the same in the instance's user data",
      unwise: false,
    };
  }
  return undefined;
}

const CLOUD_FIX: Readonly<Record<Cloud, string>> = {
  GKE: "pullcast secret apply; for Artifact Registry give the nodes' service account the role artifactregistry.reader",
  EKS: "pullcast secret apply; for ECR give the nodes' role AmazonEC2ContainerRegistryPullOnly",
  AKS: "pullcast secret apply; for ACR az aks update --attach-acr NAME",
};

function ofCloud(node: ClusterNode): Unsuited | undefined {
  const cloud = cloudOf(node);
  if (cloud === undefined) return undefined;
  return {
    code: "PC117",
    message: `${cloud} replaces nodes, and what is written on them goes with them`,
    fix: `${CLOUD_FIX[cloud]}; --force pushes all the same`,
    unwise: true,
  };
}
