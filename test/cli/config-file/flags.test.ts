import { describe, expect, it } from "vitest";
import { findCommand, optionsOf } from "../../../cli/commands/catalog.ts";
import { groupFlags, poolArguments } from "../../../cli/config-file/flags.ts";
import type { ConfigFile } from "../../../cli/config-file/schema.ts";
import { parseArgv } from "../../../cli/options/parse-argv.ts";

const push = findCommand("push");
if (push === undefined) throw new Error("there is no push");

const ID = "f3760417-c390-4068-94b0-e0a9efb6a7ec";

/** A file in which each field stands once. */
const FULL: ConfigFile = {
  apiVersion: "pullcast.dev/v1alpha1",
  kind: "Config",
  cluster: { id: ID, context: "prod" },
  secrets: [
    {
      ...{ name: "g", secret: "pull-g", namespaces: ["a"], namespaceSelector: "b" },
      ...{ allNamespaces: true, exclude: ["c"], serviceAccounts: ["d"], allServiceAccounts: true },
      ...{ replace: true, strict: true },
      source: {
        configs: ["c.json"],
        secrets: ["n/s"],
        clouds: ["1.azurecr.io"],
        only: ["o"],
        except: ["x"],
        allFromStore: true,
      },
    },
  ],
  pools: [
    {
      name: "all",
      nodes: ["a-*"],
      selector: "a=b",
      fieldSelector: "c=d",
      exclude: ["e", "f"],
      hosts: ["h"],
      address: "InternalIP",
      ssh: {
        ...{ user: "u", port: 22, identities: ["key"], knownHosts: ["/kh"], config: "~/cfg" },
        ...{ hostKeyChecking: "strict", hostTemplate: "{name}.x", transport: "ssh2" },
        ...{ options: { A: "b" }, become: "sudo", connectTimeout: "1s", nodeTimeout: "2s" },
      },
      source: {
        ...{
          configs: ["c.json"],
          secrets: ["n/s"],
          clouds: ["1.azurecr.io"],
          only: ["o"],
          except: ["x"],
        },
        allFromStore: true,
      },
      ...{ delivery: "provider", providerPorts: [5000, 8443], merge: true, fieldManager: "m" },
      ...{ replace: true, annotate: true, strict: true, force: true, path: "/p", concurrency: 3 },
      restart: { kubelets: true, maxUnavailable: "10%", command: "r", readyTimeout: "3s" },
      waves: { sizes: [1, "10%"], by: "z", maxFailures: 2, onFailure: "stop", pauseAfter: "each" },
      verify: {
        ...{ image: "i", between: true, after: true, proof: "auth", namespace: "n" },
        ...{ timeout: "4s", maxPulls: 5, assumePrivate: true, ca: "ca.crt" },
      },
    },
  ],
};

const argumentsOf = (config: ConfigFile, file = "/etc/pullcast.yaml") => {
  const [pool] = config.pools;
  if (pool === undefined) throw new Error("no pool");
  return poolArguments(config, pool, file);
};

/** Flags that are about one run, or about who runs it: they have no place in a file. */
const NOT_IN_FILES = [
  ...["failed", "run", "registry", "username", "password-stdin", "hosts-from", "fingerprint-salt"],
  ...[
    "dry-run",
    "yes",
    "drop-invalid",
    "import-hidden",
    "no-breaker",
    "no-node-check",
    "lock-wait",
  ],
  ...["ask-pass", "ask-become-pass", "kubeconfig", "cluster", "as", "request-timeout", "kubectl"],
  ...["output", "report", "events", "quiet", "verbose", "no-color", "help", "context"],
];

describe("a pool of a file", () => {
  it("has a field for each flag of a push that is about nodes, and no other", async () => {
    const { flags, operands } = argumentsOf(FULL);
    const wanted = optionsOf(push).map(({ name }) => name);
    expect([...flags.keys(), ...NOT_IN_FILES].sort()).toEqual([...wanted].sort());
    const argv = [...flags].flatMap(([name, values]) => values.map((one) => `--${name}=${one}`));
    const { options } = await parseArgv(push, [...argv, "--", ...operands]);
    expect(options.text("waves")).toBe("1,10%");
    expect(options.text("provider-ports")).toBe("5000,8443");
    expect(options.list("exclude")).toEqual(["e", "f"]);
    expect(options.on("merge")).toBe(true);
    expect(operands).toEqual(["a-*"]);
  });

  it("has paths that go from where the file is", () => {
    const { flags } = argumentsOf(FULL, "/etc/pullcast/prod.yaml");
    expect(flags.get("identity")).toEqual(["/etc/pullcast/key"]);
    expect(flags.get("known-hosts")).toEqual(["/kh"]);
    expect(flags.get("ssh-config")).toEqual(["~/cfg"]);
    expect(flags.get("config")).toEqual(["/etc/pullcast/c.json"]);
    expect(flags.get("ca")).toEqual(["/etc/pullcast/ca.crt"]);
  });

  it("takes from the defaults, field by field, what it doesn't say", () => {
    const { flags } = argumentsOf({
      ...{ apiVersion: "pullcast.dev/v1alpha1", kind: "Config", cluster: { id: ID } },
      defaults: { merge: true, ssh: { user: "root", port: 22 }, waves: { sizes: [1] } },
      secrets: [],
      pools: [{ name: "a", merge: false, ssh: { port: 2222 } }],
    });
    expect(Object.fromEntries(flags)).toEqual({
      "ssh-user": ["root"],
      "ssh-port": ["2222"],
      waves: ["1"],
    });
  });

  it("proves an image in the end, unless it says when", () => {
    const verified = (verify: NonNullable<ConfigFile["pools"][number]["verify"]>) => {
      const pools = [{ name: "a", verify }];
      const { flags } = argumentsOf({ ...FULL, pools });
      return [flags.has("verify"), flags.has("verify-between")];
    };
    expect(verified({ image: "i" })).toEqual([true, false]);
    expect(verified({ image: "i", between: true })).toEqual([false, true]);
    expect(verified({ image: "i", between: true, after: true })).toEqual([true, true]);
  });
});

describe("a group of namespaces", () => {
  it("has a field for each flag of secret apply that is about namespaces, and no other", () => {
    const apply = findCommand("secret apply");
    const [group] = FULL.secrets;
    if (apply === undefined || group === undefined) throw new Error("there is no secret apply");
    const flags = groupFlags(FULL, group, "/etc/pullcast.yaml");
    const own = [...flags.keys(), ...NOT_OF_GROUPS].sort();
    expect(own).toEqual(
      optionsOf(apply)
        .map(({ name }) => name)
        .sort(),
    );
    expect(flags.get("config")).toEqual(["/etc/c.json"]);
    expect(flags.get("name")).toEqual(["pull-g"]);
  });

  it("takes the source of the defaults where it has none", () => {
    const defaults = { source: { configs: ["all.json"], only: ["a/*"] } };
    const group = { name: "g", namespaces: ["a"], source: { only: ["b/*"] } };
    const flags = groupFlags({ ...FULL, defaults }, group, "/etc/pullcast.yaml");
    expect([flags.get("config"), flags.get("only")]).toEqual([["/etc/all.json"], ["b/*"]]);
  });
});

const NOT_OF_GROUPS = [
  ...["file", "group", "registry", "username", "password-stdin", "dry-run", "yes", "ca"],
  ...["kubeconfig", "cluster", "as", "request-timeout", "kubectl"],
  ...["output", "report", "events", "quiet", "verbose", "no-color", "help"],
];
