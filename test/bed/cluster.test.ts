import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { request } from "node:https";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bed, downBed, upBed } from "./index.ts";
import { run } from "./progress.ts";

const name = `c${process.pid}`;
let bed: Bed;
beforeAll(async () => {
  bed = await upBed({ name, nodes: 2, cluster: true });
});
afterAll(() => downBed(name));

const kubectl = (args: string[], input = "") =>
  run([bed.kubectl ?? "", "--kubeconfig", bed.kubeconfig ?? "", ...args], { input });

const image = (kind: { shell: boolean; public: boolean }) => {
  const found = bed.registry?.images.find(
    (one) => one.shell === kind.shell && one.public === kind.public,
  );
  if (found === undefined) throw new Error(`no image ${JSON.stringify(kind)}`);
  return found.ref;
};

/** Runs `echo SUCCESS` from an image on a node; gives what became of the container, in JSON. */
async function outcome(pod: string, ref: string, node: string): Promise<string> {
  const manifest = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: pod },
    spec: {
      nodeName: node,
      restartPolicy: "Never",
      containers: [
        { name: "c", image: ref, imagePullPolicy: "Always", command: ["echo", "SUCCESS"] },
      ],
    },
  };
  await kubectl(["apply", "-f", "-"], JSON.stringify(manifest));
  const format = `jsonpath={.status.containerStatuses[0].state}{"\\n"}`;
  const flags = ["--kubeconfig", bed.kubeconfig ?? "", "get", "pod", pod, "--watch", "-o", format];
  const watch = spawn(bed.kubectl ?? "", flags, { stdio: ["ignore", "pipe", "inherit"] });
  try {
    for await (const line of createInterface({ input: watch.stdout })) {
      if (/"terminated"|ErrImagePull/.test(line)) return line;
    }
  } finally {
    watch.kill();
    await kubectl(["delete", "pod", pod, "--wait=false"]);
  }
  throw new Error(`the watch of ${pod} ended`);
}

async function registryStatus(path: string, auth?: string): Promise<number | undefined> {
  const { host = "", ca = "" } = bed.registry ?? {};
  const trusted = await readFile(ca, "utf8");
  return await new Promise((resolve, reject) => {
    request(`https://${host}${path}`, { ca: trusted, agent: false, auth }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end();
  });
}

describe("a cluster bed", () => {
  it("has nodes that are Ready, under the addresses at which ssh finds them", async () => {
    const path = `{range .items[*]}{.metadata.name} {.status.addresses[?(@.type=="InternalIP")].address} {.status.conditions[?(@.type=="Ready")].status} {.status.nodeInfo.kubeletVersion}{"\\n"}{end}`;
    const lines = (await kubectl(["get", "nodes", "-o", `jsonpath=${path}`])).trim().split("\n");
    expect(lines).toEqual(bed.nodes.map((one) => `${one.name} ${one.address} True v1.35.4`));
  });

  it("runs ssh, containerd and the kubelet as units of systemd, without a config.json", async () => {
    const command =
      "cat /proc/1/comm; systemctl is-active ssh containerd kubelet; ls /var/lib/kubelet/config.json; readlink /proc/$(systemctl show -P MainPID kubelet)/exe";
    const { stdout } = await bed.exec(`${name}-1`, ["sh", "-c", command]);
    expect(stdout).toBe("systemd\nactive\nactive\nactive\n/usr/bin/kubelet\n");
  });

  it("has a registry that asks for the login in dockerConfig", async () => {
    const config = JSON.parse(await readFile(bed.dockerConfig ?? "", "utf8"));
    const { auth } = config.auths[bed.registry?.host ?? ""];
    const path = "/v2/team/shell/tags/list";
    expect(await registryStatus(path)).toBe(401);
    expect(await registryStatus(path, "puller:wrong")).toBe(401);
    expect(await registryStatus(path, Buffer.from(auth, "base64").toString())).toBe(200);
  });

  it("lets no kubelet pull a private image without a login, and anybody the public one", async () => {
    const denied = await outcome("denied", image({ shell: true, public: false }), `${name}-1`);
    expect(denied).toContain("401 Unauthorized");
    const open = await outcome("open", image({ shell: true, public: true }), `${name}-1`);
    expect(open).toContain('"reason":"Completed"');
  });

  it("pulls private images where config.json is, also one without a shell", async () => {
    const input = await readFile(bed.dockerConfig ?? "");
    const put = "umask 077; cat >/var/lib/kubelet/config.json && systemctl restart kubelet";
    expect((await bed.exec(`${name}-2`, ["sh", "-c", put], { input })).code).toBe(0);
    const shell = await outcome("shell", image({ shell: true, public: false }), `${name}-2`);
    expect(shell).toContain('"reason":"Completed"');
    const none = await outcome("none", image({ shell: false, public: false }), `${name}-2`);
    expect(none).toContain("executable file not found");
  });
});
