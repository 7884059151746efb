import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CliUser, newCliUser } from "../cli.ts";
import { KUBELET_CONFIG } from "../node-file.ts";
import { useClusterBed } from "./cluster-bed.ts";
import { type FollowedWatch, followWatch } from "./follow-watch.ts";

const bed = await useClusterBed();
const image = bed.registry.images.find((one) => one.shell && !one.public)?.ref ?? "";
const NEW = Array.from({ length: 10 }, (_, index) => `kept-${index}`);
const [first = ""] = NEW;

let user: CliUser;
let config: string;
let watch: FollowedWatch;

const get = async (...args: string[]) => (await bed.run(["get", ...args])).stdout;
const secret = (namespace: string) =>
  get("secret", "kept", "-n", namespace, "-o", "jsonpath={.data.\\.dockerconfigjson}");
const finished = (namespace: string, result: string) =>
  watch.ever(
    "namespace-finished",
    (event) => event.namespace === namespace && event.result === result,
  );

beforeAll(async () => {
  user = await newCliUser();
  config = join(user.home, "config.json");
  await writeFile(config, await readFile(bed.dockerConfig), { mode: 0o600 });
  for (const { name } of bed.nodes) await bed.exec(name, ["rm", "-f", KUBELET_CONFIG]);
  // A kubelet keeps what it read for 20 s: who proves a Secret must not be served by an older file.
  for (const { name } of bed.nodes) await bed.exec(name, ["systemctl", "restart", "kubelet"]);
  watch = followWatch(
    user,
    ["secret", "watch"],
    [
      ...[
        ...bed.flags.cluster,
        "--config",
        config,
        "--name",
        "kept",
        "--namespace-selector",
        "kept=yes",
      ],
      ...["--service-account", "default,builder", "--resync", "3s", "--reload", "200ms"],
    ],
  );
  await watch.next("cluster-listed");
});
afterAll(async () => {
  await watch.stop();
  await bed.run(["delete", "namespace", ...NEW, "--ignore-not-found", "--wait=false"]);
  await user.remove();
});

/** A namespace and a pod in it that names the Secret, made in one go. */
function withPod(namespace: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "List",
    items: [
      {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: namespace, labels: { kept: "yes" } },
      },
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "first", namespace },
        spec: {
          restartPolicy: "Never",
          imagePullSecrets: [{ name: "kept" }],
          containers: [{ name: "c", image, imagePullPolicy: "Always", command: ["echo", "here"] }],
        },
      },
    ],
  });
}

describe("pullcast secret watch", () => {
  it("gives a new namespace its Secret before its first pod's second pull try, 10 of 10", async () => {
    for (const namespace of NEW) {
      await bed.run(["apply", "-f", "-"], withPod(namespace)).catch(async () => {
        // The pod may come before its namespace's ServiceAccount.
        await watch.ever("namespace-finished", (event) => event.namespace === namespace);
        await get("serviceaccount", "default", "-n", namespace, "-o", "name").catch(() => "");
        await bed.run(["apply", "-f", "-"], withPod(namespace));
      });
    }
    for (const namespace of NEW) {
      await watch.ever(
        "namespace-finished",
        (event) => event.namespace === namespace && event.sinceSeenMs !== undefined,
      );
      await bed.run([
        ...["wait", "pod/first", "-n", namespace, "--timeout=60s"],
        "--for=jsonpath={.status.phase}=Succeeded",
      ]);
      const events = await get(
        ...["events", "-n", namespace, "--field-selector", "reason=Pulling"],
        ...["-o", "jsonpath={.items[*].count}"],
      );
      const tries = events.split(" ").reduce((sum, count) => sum + Number(count), 0);
      expect(tries, namespace).toBeLessThanOrEqual(2);
    }
  });

  it("puts its name into ServiceAccounts when they come", async () => {
    await bed.run(["create", "serviceaccount", "builder", "-n", first]);
    await watch.ever(
      "namespace-finished",
      ({ namespace, accounts }) => namespace === first && accounts.includes("builder"),
    );
    for (const account of ["default", "builder"]) {
      const named = await get(
        ...["serviceaccount", account, "-n", first],
        ...["-o", "jsonpath={.imagePullSecrets[*].name}"],
      );
      expect(named).toBe("kept");
    }
  });

  it("brings a changed source everywhere, and a Secret back that was taken away", async () => {
    const before = await secret(first);
    const auth = Buffer.from("robot:pass").toString("base64");
    const { auths } = JSON.parse(await readFile(config, "utf8")) as { auths: object };
    await writeFile(config, JSON.stringify({ auths: { ...auths, "other.example": { auth } } }));
    for (const namespace of NEW) await finished(namespace, "updated");
    const after = await secret(first);
    expect(after).not.toBe(before);
    for (const namespace of NEW) expect(await secret(namespace)).toBe(after);
    const taken = watch.log.length;
    await bed.run(["delete", "secret", "kept", "-n", first]);
    await watch.ever(
      "namespace-finished",
      (event) =>
        event.namespace === first &&
        event.result === "created" &&
        watch.log.findIndex((line) => line.event === event) >= taken,
    );
    expect(await secret(first)).toBe(after);
  });

  it("leaves a namespace that is no longer meant, and ends in order", async () => {
    await bed.run(["label", "namespace", first, "kept-"]);
    await watch.ever("namespace-gone", ({ namespace }) => namespace === first);
    await bed.run(["delete", "namespace", NEW[1] ?? "", "--wait=false"]);
    await watch.ever("namespace-gone", ({ namespace }) => namespace === NEW[1]);
    const ended = await watch.stop();
    expect(ended.code).toBe(0);
    expect(ended.stdout + ended.stderr).not.toContain(bed.registry.password);
  });
});
