import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readProviderConfig } from "../../../../agent/kubelet/provider-config.ts";
import type { SurveyFile } from "../../../../agent/node/read-survey.ts";
import { planLive } from "../../../../agent/operations/live/plan-live.ts";
import type { LiveStage } from "../../../../agent/operations/live/read-stage.ts";
import { Secret } from "../../../../agent/secret.ts";

const bytes = (text: string) => new Secret<Uint8Array>(Buffer.from(text));
const UNIT = "# /etc/systemd/system/kubelet.service\n[Service]\nExecStart=/usr/bin/kubelet --v=2\n";

function stage(more: Partial<LiveStage> = {}): LiveStage {
  return {
    kubelet: { pid: 7, startedAt: 1, name: "kubelet", unit: "kubelet.service" },
    main: { pid: 7, name: "kubelet" },
    version: "v1.35.4",
    files: [],
    unitText: bytes(UNIT),
    ...more,
  };
}

const ECR = JSON.stringify({
  apiVersion: "kubelet.config.k8s.io/v1",
  kind: "CredentialProviderConfig",
  providers: [{ name: "ecr", matchImages: ["*.example"], defaultCacheDuration: "12h" }],
});

function list(path: string, text: string): SurveyFile {
  const facts = { type: "file", mode: 0o600, uid: 0, gid: 0 } as const;
  const times = { sizeBytes: text.length, modifiedAt: 1, changedAt: 1 };
  const found = { ...facts, ...times, content: bytes(text) };
  return { kind: "provider", path, folderChangedAt: 1, dangling: false, found };
}

const ecrIn = (config: string, path = config, text = ECR) =>
  stage({
    providers: { config, dir: "/opt/ecr", dirPresent: true, programs: ["ecr"] },
    files: [list(path, text)],
  });

async function settingsOf(of: LiveStage, ports: string[] = []) {
  const plan = await planLive(of, ports);
  if (plan.type === "refused") throw new Error(`${plan.code} ${plan.detail}`);
  return plan.settings;
}

const namesIn = async (config: Secret<Uint8Array>) =>
  (await readProviderConfig([{ path: "x", content: config }])).providers.map(({ name }) => name);

describe("a plan for a kubelet", () => {
  it("without providers has all of its own, behind what the unit starts", async () => {
    const settings = await settingsOf(stage(), ["5000"]);
    expect(settings).toMatchObject({
      unit: "kubelet.service",
      configPath: "/var/lib/pullcast/provider.yaml",
      programPath: "/var/lib/pullcast/bin/pullcast",
      ports: ["5000"],
    });
    expect(settings.dropIn?.split("\n").slice(1)).toEqual([
      "[Service]",
      "ExecStart=",
      "ExecStart=/usr/bin/kubelet --v=2 --image-credential-provider-config=/var/lib/pullcast/provider.yaml --image-credential-provider-bin-dir=/var/lib/pullcast/bin",
      "",
    ]);
    expect(settings.source).toBeUndefined();
    expect(await namesIn(settings.config)).toEqual(["pullcast"]);
  });

  it("with a list copies it, and goes into its directory of programs", async () => {
    const settings = await settingsOf(ecrIn("/etc/ecr.yaml"));
    expect(settings.programPath).toBe("/opt/ecr/pullcast");
    expect(await namesIn(settings.config)).toEqual(["ecr", "pullcast"]);
    const digest = createHash("sha256").update(ECR).digest("hex");
    expect(settings.source).toEqual({ path: "/etc/ecr.yaml", digest });
    expect(settings.dropIn).toContain("bin-dir=/opt/ecr\n");
  });

  it("with a directory of lists adds one, and changes no flag", async () => {
    const settings = await settingsOf(ecrIn("/etc/providers.d", "/etc/providers.d/ecr.yaml"));
    expect(settings.configPath).toBe("/etc/providers.d/pullcast.yaml");
    expect(await namesIn(settings.config)).toEqual(["pullcast"]);
    expect(settings.dropIn).toBeUndefined();
    expect(settings.source).toBeUndefined();
  });

  it("in k3s, or under RKE2, is the same: they hand these flags on", async () => {
    const k3s = { pid: 7, startedAt: 1, name: "k3s-agent", unit: "k3s-agent.service" };
    const text = "# /etc/systemd/system/k3s-agent.service\n[Service]\nExecStart=/k3s agent\n";
    const settings = await settingsOf(
      stage({ kubelet: k3s, main: { pid: 7, name: "k3s-agent" }, unitText: bytes(text) }),
    );
    expect(settings.dropIn).toContain("ExecStart=/k3s agent --image-credential-provider-config=");
    await settingsOf(stage({ main: { pid: 3, name: "rke2" } }));
  });
});

describe("a node is left alone", () => {
  it.each<[string, LiveStage, string]>([
    ["where the kubelet is too old", stage({ version: "v1.25.16" }), "PC551 v1.25.16"],
    ["under k0s", stage({ main: { pid: 3, name: "k0s" } }), "PC550 kubelet.service starts it"],
    [
      "in MicroK8s",
      stage({ main: { pid: 7, name: "kubelite" } }),
      "PC550 kubelet.service starts it through kubelite",
    ],
    ["behind a script", stage({ main: { pid: 3, name: "sh" } }), "PC550 kubelet.service starts"],
    ["where the unit has no command", stage({ unitText: bytes("") }), "PC550 kubelet.service has"],
    ["where the list has a fault", ecrIn("/e", "/e", "a: b"), "PC550 its list of providers has"],
    [
      "where another pullcast is in the list",
      ecrIn("/e", "/e", ECR.replace('"ecr"', '"pullcast"')),
      "PC550 /e names a provider",
    ],
    ["where a path needs quotes", ecrIn("/etc/my list"), 'PC550 "/etc/my list" has'],
  ])("%s", async (_name, of, why) => {
    const plan = await planLive(of, []);
    expect(plan.type === "refused" && `${plan.code} ${plan.detail}`).toContain(why);
  });
});
