import { parseArgs } from "node:util";
import { bedNames, downBed, findBed, prepareMachine, upBed } from "./bed.ts";
import { ensureHostTools, type HostTool } from "./host-tools.ts";
import {
  BedError,
  type BedState,
  CONTAINERDS,
  type Kubelet,
  type Shell,
  type UpOptions,
} from "./model.ts";

const USAGE = `usage:
  npm run bed -- up [--name NAME] [--nodes N] [--cluster] [--shell dash|bash|busybox]
                    [--kubelet kubelet|kubelet-fastcache] [--containerd 1.6|1.7|2]... [-o json]
  npm run bed -- status [-o json]
  npm run bed -- down [--name NAME | --all]
  npm run bed -- setup [--unit]    installs what tests need on this machine (Debian, root)
NAME is "bed" if not given. Nodes of a cluster have the lines of containerd given in turn.`;

const SHELLS: readonly Shell[] = ["dash", "bash", "busybox"];
const KUBELETS: readonly Kubelet[] = ["kubelet", "kubelet-fastcache"];

const OPTIONS = {
  name: { type: "string", default: "bed" },
  nodes: { type: "string", default: "3" },
  cluster: { type: "boolean", default: false },
  shell: { type: "string", default: "dash" },
  kubelet: { type: "string", default: "kubelet" },
  containerd: { type: "string", multiple: true },
  all: { type: "boolean", default: false },
  unit: { type: "boolean", default: false },
  output: { type: "string", short: "o", default: "text" },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** What tests without Docker run on this machine. */
const UNIT_TOOLS: readonly HostTool[] = [
  "ssh",
  "sshd",
  "sudo",
  "strace",
  "busybox",
  "openssl",
  "tmux",
  "shellcheck",
];

type Flags = ReturnType<typeof parse>["values"];

function parse(args: string[]) {
  return parseArgs({ args, options: OPTIONS, allowPositionals: true });
}

const COMMANDS: Readonly<Record<string, (flags: Flags) => Promise<void>>> = {
  up: async (flags) => {
    const bed = await upBed(upOptions(flags));
    const { exec: _exec, down: _down, ...state } = bed;
    console.log(flags.output === "json" ? JSON.stringify(state, undefined, 2) : describe(state));
  },
  status: async (flags) => {
    const names = await bedNames();
    const beds = await Promise.all(names.map(async (name) => (await findBed(name)) ?? { name }));
    if (flags.output === "json") console.log(JSON.stringify(beds, undefined, 2));
    else if (beds.length === 0) console.log("no bed is up");
    else
      console.log(
        beds.map((bed) => ("nodes" in bed ? describe(bed) : remains(bed.name))).join("\n"),
      );
  },
  down: async (flags) => {
    const names = flags.all ? await bedNames() : [flags.name];
    for (const name of names) {
      await downBed(name);
      say(`${name} is down`);
    }
  },
  setup: async (flags) => {
    await ensureHostTools(UNIT_TOOLS, say);
    if (!flags.unit) await prepareMachine(say);
  },
};

function upOptions(flags: Flags): UpOptions {
  const shell = SHELLS.find((one) => one === flags.shell);
  const kubelet = KUBELETS.find((one) => one === flags.kubelet);
  if (shell === undefined) throw new BedError(`--shell is one of ${SHELLS.join(", ")}`);
  if (kubelet === undefined) throw new BedError(`--kubelet is one of ${KUBELETS.join(", ")}`);
  const containerd = (flags.containerd ?? ["1.6"]).map((line) => {
    const known = CONTAINERDS.find((one) => one === line);
    if (known === undefined) throw new BedError(`--containerd is one of ${CONTAINERDS.join(", ")}`);
    return known;
  });
  const { name, cluster } = flags;
  const nodes = Number(flags.nodes);
  return { name, nodes, cluster, shell, kubelet, containerd, onProgress: say };
}

function describe(bed: BedState): string {
  const { ssh, nodes } = bed;
  const width = Math.max(...nodes.map(({ name }) => name.length));
  const lines = [
    `${bed.name}:`,
    ...nodes.map((node) => `  ${node.name.padEnd(width)}  ${node.address}  ${node.container}`),
    `  ssh -i ${ssh.key} -o UserKnownHostsFile=${ssh.knownHosts} ${ssh.user}@${nodes[0]?.address}`,
  ];
  if (bed.kubeconfig !== undefined) {
    lines.push(`  ${bed.kubectl} --kubeconfig ${bed.kubeconfig} get nodes`);
  }
  for (const image of bed.registry?.images ?? []) {
    const notes = [image.public ? "public" : "private", image.shell ? "shell" : "no shell"];
    lines.push(`  ${image.ref} (${notes.join(", ")})`);
  }
  if (bed.dockerConfig !== undefined) lines.push(`  login: ${bed.dockerConfig}`);
  return lines.join("\n");
}

function remains(name: string): string {
  return `${name}:\n  not up; remains: npm run bed -- down --name ${name}`;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(): Promise<number> {
  const { values, positionals } = parse(process.argv.slice(2));
  const command = COMMANDS[positionals[0] ?? ""];
  if (values.help || command === undefined || positionals.length !== 1) {
    say(USAGE);
    return values.help ? 0 : 2;
  }
  await command(values);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof BedError || error instanceof TypeError)) throw error;
  say(`bed: ${error.message}`);
  process.exitCode = 1;
}
