import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Bed, type BedNode, runKubectl, upBed } from "../bed/index.ts";
import { type CliUser, items, newCliUser } from "../e2e/cli.ts";
import { type FollowedWatch, followWatch } from "../e2e/cluster/follow-watch.ts";
import { passwordIssuer } from "./password-issuer.ts";
import type { Evidence, SoakOptions } from "./soak.ts";

/** How long a password lasts. */
const LIFE_MS = 60_000;
const NEW_NODES = 10;
const FILE_MINUTES = 4;

/**
 * A watch at work on real kubelets. Nodes that are made anew: from the Node object to the file and to a proven pull.
 * Then a registry whose passwords last 60 s, given out by a credential helper: all nodes pull again and again for so
 * many minutes (`points`), in live mode, then for some minutes by the kubelet's own file, which can't keep up.
 */
export async function watchKeeps(options: SoakOptions): Promise<Evidence> {
  const onProgress = options.onProgress ?? (() => undefined);
  const bed = await upBed({ name: `keeps-${process.pid}`, nodes: 3, cluster: true, onProgress });
  try {
    const newNodes = await comingNodes(bed, onProgress);
    onProgress(`passwords of 60 s, live mode, ${options.points} minutes`);
    const live = await shortPasswords(bed, {
      minutes: options.points,
      flags: ["--delivery", "provider"],
      onProgress,
    });
    onProgress(`passwords of 60 s, the kubelet's own file, ${FILE_MINUTES} minutes`);
    const file = await shortPasswords(bed, { minutes: FILE_MINUTES, flags: [], onProgress });
    return { newNodes, live, file };
  } finally {
    await bed.down();
  }
}

interface Scene {
  /** For its credential helper. */
  readonly bin: string;
  readonly user: CliUser;
  readonly cluster: readonly string[];
  readonly ssh: readonly string[];
  readonly image: string;
  readonly ca: string;
}

async function newScene({ kubeconfig = "", kubectl = "", registry, ssh }: Bed): Promise<Scene> {
  if (registry === undefined) throw new Error("the bed has no registry");
  const bin = await mkdtemp(join(tmpdir(), "pullcast-keeps-"));
  return {
    bin,
    user: await newCliUser({ PATH: `${bin}:${process.env["PATH"]}` }),
    cluster: ["--kubeconfig", kubeconfig, "--kubectl", kubectl],
    ssh: ["-i", ssh.key, "--known-hosts", ssh.knownHosts],
    image: registry.images.find((one) => one.shell && !one.public)?.ref ?? "",
    ca: registry.ca,
  };
}

async function comingNodes(bed: Bed, onProgress: (line: string) => void): Promise<Evidence> {
  const { user, bin, cluster, ssh, image, ca } = await newScene(bed);
  const watch = followWatch(
    user,
    ["watch"],
    [
      ...[...cluster, ...ssh, "--config", bed.dockerConfig ?? ""],
      ...["--verify", "--image", image, "--ca", ca],
    ],
  );
  const file: number[] = [];
  const proof: number[] = [];
  try {
    for (const { name } of bed.nodes) {
      await watch.ever("node-state", ({ node, state }) => node === name && state === "proven");
    }
    for (let round = 0; round < NEW_NODES; round += 1) {
      const node = bed.nodes[round % bed.nodes.length] as BedNode;
      await makeAnew(bed, node.name, watch);
      const served = await watch.next(
        "node-served",
        ({ node: name, stage }) => name === node.name && stage === "file",
      );
      const proven = await watch.next(
        "node-served",
        ({ node: name, stage }) => name === node.name && stage === "proof",
      );
      file.push(served.sinceCreatedMs ?? Number.NaN);
      proof.push(proven.sinceCreatedMs ?? Number.NaN);
      onProgress(`new node ${round + 1}: file ${file.at(-1)} ms, pull ${proof.at(-1)} ms`);
    }
  } finally {
    await watch.stop();
    await Promise.all([user.remove(), rm(bin, { recursive: true })]);
  }
  return {
    nodes: NEW_NODES,
    createdToFileMs: spread(file),
    createdToProvenPullMs: spread(proof),
    remark: "creation times are whole seconds: up to 1 s of each is rounding",
  };
}

/** The Node object goes, the machine loses what it had, and its kubelet registers a new one. */
async function makeAnew(bed: Bed, node: string, watch: FollowedWatch): Promise<void> {
  const sh = (script: string) => bed.exec(node, ["sh", "-c", script]);
  await sh(
    "systemctl stop kubelet; rm -rf /var/lib/kubelet/config.json /var/lib/kubelet/.pullcast",
  );
  await runKubectl(bed, ["delete", "node", node]);
  await watch.next("node-gone", (event) => event.node === node);
  await sh("systemctl start kubelet");
  await watch.next("node-seen", (event) => event.node === node && event.as === "replaced");
}

interface ShortOptions {
  readonly minutes: number;
  readonly flags: readonly string[];
  readonly onProgress: (line: string) => void;
}

async function shortPasswords(
  bed: Bed,
  { minutes, flags, onProgress }: ShortOptions,
): Promise<Evidence> {
  const scene = await newScene(bed);
  const { user, bin, cluster, ssh, image, ca } = scene;
  const issuer = await startIssuer(bed);
  const config = await helperConfig(bed, { bin, port: issuer.port });
  const restart = flags.length > 0 ? ["--ready-timeout", "2m"] : [];
  const watch = followWatch(
    user,
    ["watch"],
    [
      ...cluster,
      ...ssh,
      "--config",
      config,
      "--refresh-at",
      "50%",
      "--replace",
      ...flags,
      ...restart,
    ],
  );
  const counts = { pulls: 0, refused: 0, rounds: 0 };
  const refusals: string[] = [];
  const rss: number[] = [];
  try {
    for (const { name } of bed.nodes) {
      await watch.ever("node-state", ({ node, state }) => node === name && state === "served");
    }
    const end = Date.now() + minutes * 60_000;
    while (Date.now() < end) {
      const run = await user.run([
        ...["verify", ...cluster, "--image", image, "--ca", ca, "--assume-private"],
        ...["--timeout", "20s", "-o", "json"],
      ]);
      counts.rounds += 1;
      for (const { node, result } of items(run)) {
        counts.pulls += 1;
        if (result === "pulled") continue;
        counts.refused += 1;
        refusals.push(`${node} ${result}`);
      }
      if (counts.rounds % 20 === 1) {
        rss.push(await watch.rssMb());
        onProgress(
          `${counts.pulls} pulls, ${counts.refused} refused, ${issuer.issued()} passwords, watch ${rss.at(-1)} MB`,
        );
      }
      await delay(2000);
    }
  } finally {
    await watch.stop();
    await user.run(["remove", ...cluster, ...ssh, "--restart-kubelet"]);
    await issuer.close();
    await Promise.all([user.remove(), rm(bin, { recursive: true })]);
  }
  return {
    minutes,
    passwords: issuer.issued(),
    pulls: counts.pulls,
    refused: counts.refused,
    kinds: [...new Set(refusals.map((text) => text.split(" ")[1]))],
    watchRssMb: { first: rss[0], last: rss.at(-1), most: Math.max(...rss) },
  };
}

interface Issuer {
  readonly port: number;
  issued(): number;
  close(): Promise<void>;
}

/** Gives out passwords of 60 s to who asks by HTTP, as a credential helper answers. */
async function startIssuer(bed: Bed): Promise<Issuer> {
  const issuer = passwordIssuer(bed, LIFE_MS);
  const server: Server = createServer((_request, response) => {
    issuer.issue().then(
      ({ username, password }) =>
        response.end(JSON.stringify({ Username: username, Secret: password })),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    issued: () => issuer.issued(),
    close: async () => {
      await issuer.close();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

/** A docker config whose helper asks the issuer. */
async function helperConfig(
  bed: Bed,
  { bin, port }: { readonly bin: string; readonly port: number },
): Promise<string> {
  const host = bed.registry?.host ?? "";
  const helper = join(bin, "docker-credential-issuer");
  const script = `#!${process.execPath}
fetch("http://127.0.0.1:${port}/").then((a) => a.text()).then((t) => process.stdout.write(t));
process.stdin.resume();
process.stdin.on("end", () => {});
`;
  await writeFile(helper, script, { mode: 0o755 });
  const config = join(bin, "config.json");
  await writeFile(config, JSON.stringify({ auths: {}, credHelpers: { [host]: "issuer" } }), {
    mode: 0o600,
  });
  return config;
}

function spread(values: readonly number[]): Evidence {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)], worst: sorted.at(-1) };
}
