import {
  JUDGE,
  KUBECTL,
  MANIFEST_OUTPUT,
  type OptionGroup,
  type OptionSpec,
  OUTPUT,
  REGISTRY_CA,
  SOURCE,
} from "../../options/specs.ts";
import type { CommandSpec } from "../command-spec.ts";

const PATH: OptionSpec = {
  name: "path",
  value: "DIR",
  default: "/var/lib/kubelet",
  text: "the directory of config.json, the kubelet's root directory",
};

const REPLACE: OptionSpec = {
  name: "replace",
  text: "overwrite a file of others that is on the machine (it is kept there)",
};

const NAME: OptionSpec = {
  name: "name",
  value: "NAME",
  default: "nodes",
  text: "of the template, as it is called already",
};

const CREDENTIALS: OptionGroup = {
  title: "Credentials",
  options: [...SOURCE, REGISTRY_CA, ...JUDGE.slice(0, 1)],
};

const PLAIN: OptionGroup = { title: "Output", options: OUTPUT.options.slice(1) };

/** What is true of all of them. */
const ABOUT: readonly string[] = [
  "The machine itself writes the same file as a push would, by the same program, before its kubelet starts; a later push knows it for its own. On a machine where a later run of pullcast has been it does nothing, so it may run at each boot.",
  "User data can be read by pods and by who may describe machines: use accounts that may only pull. Credentials that end soon don't belong there: pullcast watch brings them to new nodes in about a second, and its --gate keeps pods away until then. pullcast check --templates tells when a template's credentials are not today's.",
];

interface Form {
  readonly name: string;
  readonly summary: string;
  readonly about: string;
  readonly example: readonly [string, string];
  readonly options?: readonly OptionSpec[];
  readonly output?: OptionGroup;
}

const FORMS: readonly Form[] = [
  {
    name: "cloud-init",
    summary: "Print a part of cloud-init's user data that writes the credentials at boot",
    about:
      "A #cloud-config whose bootcmd comes before the network is up; its lists are appended to those of other parts.",
    example: ["For an instance template", "render cloud-init --config robot.json > user-data"],
  },
  {
    name: "ignition",
    summary:
      "Print an Ignition configuration that writes the credentials at boot (CoreOS, Flatcar)",
    about: "Version 3.3.0: merge it into yours by ignition.config.merge, or by Butane.",
    example: ["For Flatcar", "render ignition --config robot.json > pullcast.ign"],
  },
  {
    name: "kubeadm",
    summary: "Print a Secret and the part of a KubeadmConfigTemplate that takes it (Cluster API)",
    about:
      "The script stands in a Secret; of the template, take files and preKubeadmCommands over into yours.",
    example: [
      "For a MachineDeployment",
      "render kubeadm --name workers -n clusters --config robot.json",
    ],
    options: [
      NAME,
      { name: "namespace", short: "n", value: "NAME", default: "default", text: "of both" },
    ],
    output: MANIFEST_OUTPUT,
  },
  {
    name: "kops",
    summary: "Print the part of a kops InstanceGroup that writes the credentials at boot",
    about: "Take additionalUserData over into the group: kops edit ig NAME.",
    example: ["For a group", "render kops --name nodes --config robot.json"],
    options: [NAME],
    output: MANIFEST_OUTPUT,
  },
  {
    name: "karpenter",
    summary: "Print the part of an EC2NodeClass that writes the credentials at boot (Karpenter)",
    about:
      "User data in MIME parts, which Karpenter merges with its own (AL2, AL2023, Ubuntu; not Bottlerocket).",
    example: ["For a class of nodes", "render karpenter --name default --config robot.json"],
    options: [NAME],
    output: MANIFEST_OUTPUT,
  },
  {
    name: "terraform",
    summary: "Print a *.tf.json with the cloud-config as local.pullcast_cloud_config",
    about:
      "For user_data, or a part of cloudinit_config; it is marked sensitive, and still stands in the state.",
    example: ["Beside your *.tf", "render terraform --config robot.json > pullcast.tf.json"],
  },
  {
    name: "script",
    summary: "Print the script alone, for image builders and mounted disks",
    about: "POSIX sh; it needs base64 and gzip where it runs.",
    example: [
      "Onto a mounted disk",
      "render script --path /mnt/var/lib/kubelet --config robot.json | sudo sh",
    ],
  },
];

export const BOOT_COMMANDS: readonly CommandSpec[] = FORMS.map((form) => ({
  name: `render ${form.name}`,
  summary: form.summary,
  about: [form.about, ...ABOUT],
  examples: [form.example],
  groups: [
    { title: "Document", options: [...(form.options ?? []), PATH, REPLACE] },
    CREDENTIALS,
    // For --from-secret alone.
    KUBECTL,
    form.output ?? PLAIN,
  ],
}));
