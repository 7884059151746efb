import { gzipSync } from "node:zlib";
import type { Secret } from "../../secret.ts";

/** Where a document goes that makes machines write the credentials before their kubelet starts. */
export type BootForm =
  | "script"
  | "cloud-init"
  | "ignition"
  | "kubeadm"
  | "kops"
  | "karpenter"
  | "terraform";

/** Objects of the API or of a tool's own making, or a text; the credentials are in it. */
export type BootDocument =
  | { readonly type: "objects"; readonly objects: readonly object[] }
  | { readonly type: "text"; readonly text: string };

interface BootPlace {
  /** Of the template, and what is made beside it. */
  readonly name: string;
  /** Of the template and its Secret, where it is one of the API. */
  readonly namespace: string;
}

const SCRIPT_PATH = "/run/pullcast/boot";
const SECRET_KEY = "boot";

/** Makes the document of a form. `script` is a boot script (see script.ts). It is not secret from here on. */
export function bootDocument(
  form: BootForm,
  script: Secret<string>,
  place: BootPlace,
): BootDocument {
  const text = script.reveal();
  switch (form) {
    case "script":
      return { type: "text", text };
    case "cloud-init":
      return { type: "text", text: cloudConfig(text) };
    case "ignition":
      return { type: "objects", objects: [ignition(text)] };
    case "kubeadm":
      return { type: "objects", objects: kubeadm(text, place) };
    case "kops":
      return { type: "objects", objects: [kops(text, place)] };
    case "karpenter":
      return { type: "objects", objects: [karpenter(text, place)] };
    case "terraform":
      return { type: "objects", objects: [terraform(text)] };
  }
}

/**
 * A part of cloud-init's user data. bootcmd runs before the network is said to be up, so before a kubelet that waits
 * for that; its commands go through a file, not through arguments. Lists of other parts are appended to
 * (cloud-init: merging, merge_how).
 */
function cloudConfig(script: string): string {
  // In a shell of its own: its exit must not end others' commands.
  const body = script
    .trimEnd()
    .split("\n")
    .map((line) => (line === "" ? "" : `    ${line}`))
    .join("\n");
  return `#cloud-config
merge_how:
  - name: list
    settings: [append]
  - name: dict
    settings: [no_replace, recurse_list]
bootcmd:
  - |
    (
${body}
    )
`;
}

/** A unit as well: Ignition writes files and runs nothing (Ignition: configuration v3.3.0). */
function ignition(script: string): object {
  const path = "/etc/pullcast/boot";
  const source = gzipSync(script, { level: 9 }).toString("base64");
  return {
    ignition: { version: "3.3.0" },
    storage: {
      files: [
        {
          path,
          mode: 0o700,
          overwrite: true,
          contents: { compression: "gzip", source: `data:;base64,${source}` },
        },
      ],
    },
    systemd: {
      units: [
        {
          name: "pullcast-boot.service",
          enabled: true,
          contents: `[Unit]
Description=Registry credentials for the kubelet
Before=kubelet.service k3s.service k3s-agent.service rke2-server.service rke2-agent.service
RequiresMountsFor=/var/lib
ConditionPathExists=${path}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh ${path}
ExecStartPost=/bin/rm -f ${path}

[Install]
WantedBy=multi-user.target
`,
        },
      ],
    },
  };
}

/** A template of Cluster API's kubeadm provider, which takes the script from a Secret. */
function kubeadm(script: string, { name, namespace }: BootPlace): object[] {
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `${name}-pullcast`, namespace },
    type: "cluster.x-k8s.io/secret",
    data: { [SECRET_KEY]: Buffer.from(script).toString("base64") },
  };
  const template = {
    apiVersion: "bootstrap.cluster.x-k8s.io/v1beta1",
    kind: "KubeadmConfigTemplate",
    metadata: { name, namespace },
    spec: {
      template: {
        spec: {
          files: [
            {
              path: SCRIPT_PATH,
              owner: "root:root",
              permissions: "0700",
              contentFrom: { secret: { name: `${name}-pullcast`, key: SECRET_KEY } },
            },
          ],
          preKubeadmCommands: [`sh ${SCRIPT_PATH}`, `rm -f ${SCRIPT_PATH}`],
        },
      },
    },
  };
  return [secret, template];
}

/** What belongs into an instance group of kops. */
function kops(script: string, { name }: BootPlace): object {
  return {
    apiVersion: "kops.k8s.io/v1alpha2",
    kind: "InstanceGroup",
    metadata: { name },
    spec: {
      additionalUserData: [
        { name: "pullcast", type: "text/cloud-config", content: cloudConfig(script) },
      ],
    },
  };
}

/** What belongs into Karpenter's class of nodes on AWS: user data in parts, which its own are merged with. */
function karpenter(script: string, { name }: BootPlace): object {
  const userData = `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="PULLCAST"

--PULLCAST
Content-Type: text/cloud-config; charset="us-ascii"

${cloudConfig(script)}
--PULLCAST--
`;
  return {
    apiVersion: "karpenter.k8s.aws/v1",
    kind: "EC2NodeClass",
    metadata: { name },
    spec: { userData },
  };
}

/** JSON configuration of Terraform and OpenTofu, a *.tf.json: in base64 nothing of it is a template of theirs. */
function terraform(script: string): object {
  const text = Buffer.from(cloudConfig(script)).toString("base64");
  return {
    locals: { pullcast_cloud_config: `\${sensitive(base64decode("${text}"))}` },
  };
}
