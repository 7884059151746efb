import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { type ApiAccess, apiReady, kubeconfig } from "./api-server.ts";
import type { Building } from "./building.ts";
import type { Pki } from "./certificates.ts";
import { execIn, LABEL } from "./docker.ts";
import { BedError } from "./model.ts";
import { tar } from "./tar.ts";

const CONTROL_HOST = 2;
const TOKEN_BYTES = 18;

/** Where the control plane and the registries of a bed are, and who may use them. */
export interface ControlPlane {
  readonly address: string;
  readonly container: string;
  readonly admin: ApiAccess;
  /** One node's access to the API server, as the user system:node:NAME. */
  readonly nodeAccess: (node: string) => ApiAccess;
  readonly registry: {
    readonly host: string;
    readonly publicHost: string;
    readonly user: string;
    readonly password: string;
  };
  readonly files: readonly { readonly path: string; readonly data: string }[];
}

/** The address that the control plane of a bed will have. */
export function controlAddress({ network }: Building): string {
  return `${network.prefix}.${CONTROL_HOST}`;
}

/** Chooses names, tokens and passwords; nothing is started. */
export function planControlPlane(building: Building, pki: Pki): ControlPlane {
  const address = controlAddress(building);
  const server = `https://${address}:6443`;
  const tokens: string[] = [];
  const access = (user: string, group?: string, at = server): ApiAccess => {
    const token = randomBytes(TOKEN_BYTES).toString("base64url");
    tokens.push([token, user, `uid-${user}`, ...(group === undefined ? [] : [group])].join(","));
    return { server: at, ca: pki.ca, token };
  };
  const admin = access("bed-admin", "system:masters");
  const local = "https://127.0.0.1:6443";
  const manager = access("system:kube-controller-manager", undefined, local);
  const scheduler = access("system:kube-scheduler", undefined, local);
  const nodes = new Map(
    building.nodes.map(({ node: { name } }) => [
      name,
      access(`system:node:${name}`, "system:nodes"),
    ]),
  );
  const password = randomBytes(TOKEN_BYTES).toString("base64url");
  return {
    address,
    container: `pullcast-${building.options.name}-control`,
    admin,
    nodeAccess: (node) => nodes.get(node) ?? admin,
    registry: {
      host: `${address}:5000`,
      publicHost: `${address}:5001`,
      user: "puller",
      password,
    },
    files: [
      { path: "ca.crt", data: pki.ca },
      { path: "server.crt", data: pki.serverCertificate },
      { path: "server.key", data: pki.serverKey },
      { path: "service-account.key", data: pki.serviceAccountKey },
      { path: "service-account.pub", data: pki.serviceAccountPublicKey },
      { path: "tokens.csv", data: `${tokens.join("\n")}\n` },
      { path: "registry-password", data: password },
      { path: "controller-manager.conf", data: kubeconfig(manager, "bed") },
      { path: "scheduler.conf", data: kubeconfig(scheduler, "bed") },
    ],
  };
}

/** Starts the container of the control plane and waits until the API server is ready. */
export async function startControlPlane(
  { docker, options, network }: Building,
  plan: ControlPlane,
  image: string,
): Promise<Docker.Container> {
  const container = await docker.createContainer({
    name: plan.container,
    Hostname: `${options.name}-control`,
    Image: image,
    Env: [`BED_ADDRESS=${plan.address}`, `BED_REGISTRY_USER=${plan.registry.user}`],
    Labels: { [LABEL]: options.name },
    HostConfig: { Init: true, NetworkMode: network.name },
    NetworkingConfig: {
      EndpointsConfig: { [network.name]: { IPAMConfig: { IPv4Address: plan.address } } },
    },
  });
  const files = plan.files.map(({ path, data }) => ({
    path: `etc/bed/${path}`,
    data,
    mode: 0o600,
  }));
  await container.putArchive(tar(files), { path: "/" });
  await container.start();
  await apiReady(plan.admin).catch(async (cause: Error) => {
    const tail = await execIn(container, ["tail", "-n", "5", "/var/log/bed/kube-apiserver.log"]);
    throw new BedError(`${cause.message}\n${tail.stdout.toString()}`, { cause });
  });
  return container;
}
