import { createHash } from "node:crypto";
import type { Code } from "../../errors.ts";
import { ANSWER_HEAD } from "../../kubelet/provider-answer.ts";
import { composeProviderConfig, readProviderConfig } from "../../kubelet/provider-config.ts";
import { providerPatterns } from "../../kubelet/provider-patterns.ts";
import type { LiveSettings } from "../../node/compose.ts";
import { DROP_IN, LIVE_DIR, PROVIDER, providerProgram } from "../../node/live-files.ts";
import { execStartOf } from "../../node/unit-text.ts";
import type { LiveStage } from "./read-stage.ts";

/** How a kubelet is to be made to ask our provider, or why it can't be done without risk. */
export type LivePlan =
  | { readonly type: "switch-on"; readonly settings: LiveSettings }
  | {
      readonly type: "refused";
      readonly code: Code;
      readonly detail: string;
      readonly fix?: string;
    };

/** The flags that name providers; k3s and RKE2 hand theirs of the same names on to the kubelet. */
const CONFIG_FLAG = "--image-credential-provider-config";
const DIR_FLAG = "--image-credential-provider-bin-dir";

/** The first kubelet that knows `kubelet.config.k8s.io/v1` for providers (KEP-2133, GA). */
const OLDEST_MINOR = 26;

/** What starts a kubelet by settings of its own, and how a provider is named to it. */
const BY_HAND: readonly (readonly [RegExp, string])[] = [
  [
    /^k0s/,
    `k0s starts the kubelet: add --kubelet-extra-args="${CONFIG_FLAG}=FILE ${DIR_FLAG}=DIR" to k0s install, or use --delivery file`,
  ],
  [
    /^kubelite/,
    `MicroK8s reads /var/snap/microk8s/current/args/kubelet: add ${CONFIG_FLAG} and ${DIR_FLAG} there, or use --delivery file`,
  ],
];

/**
 * Plans what is written on a node so that its kubelet asks our provider, beside those that it asks already. Their
 * programs stay where they are: there is one directory for all, and ours goes there.
 *
 * Source: kubernetes pkg/credentialprovider/plugin (config.go: a file or, 1.35, a directory), pflag: the last of two
 * equal flags wins.
 *
 * @param ports - of registries that are to be served besides those without one
 */
export async function planLive(stage: LiveStage, ports: readonly string[]): Promise<LivePlan> {
  const { kubelet, providers, version = "" } = stage;
  const unit = kubelet?.unit;
  if (kubelet === undefined || unit === undefined) return refuse("PC541", "");
  const [, minor = "99"] = /^v1\.(\d+)/.exec(version) ?? [];
  if (Number(minor) < OLDEST_MINOR) return refuse("PC551", version);
  const stray = strayStart(stage, unit);
  if (stray !== undefined) return stray;
  const list = await ownList(stage, ports);
  if ("type" in list) return list;
  const programDir = providers === undefined ? `${LIVE_DIR}/bin` : providers.dir;
  const odd = [programDir, list.configPath, list.source?.path ?? ""].find(
    (path) => !PLAIN.test(path),
  );
  if (odd !== undefined) return refuse("PC550", `${JSON.stringify(odd)} has unusual characters`);
  const command = list.isInDirectory ? "" : execStartOf(unitText(stage), `${unit}.d${DROP_IN}`);
  if (command === undefined) {
    return refuse("PC550", `${unit} has no single ExecStart to which flags could be added`);
  }
  const { isInDirectory, ...settings } = list;
  return {
    type: "switch-on",
    settings: {
      ...settings,
      unit,
      programPath: `${programDir}/${PROVIDER}`,
      program: providerProgram(ANSWER_HEAD),
      ports,
      ...(isInDirectory ? {} : { dropIn: dropIn(command, list.configPath, programDir) }),
    },
  };
}

/** Paths that need no quotes in a unit. */
const PLAIN = /^[A-Za-z0-9@:._/+-]*$/;

function refuse(code: Code, detail: string, fix?: string): Extract<LivePlan, { type: "refused" }> {
  return { type: "refused", code, detail, ...(fix === undefined ? {} : { fix }) };
}

/** Flags at the end of a unit's command reach the kubelet where that is the kubelet, k3s or RKE2. */
function strayStart({ kubelet, main }: LiveStage, unit: string): LivePlan | undefined {
  const isKubelet = main.pid === kubelet?.pid && /^(?:kubelet|k3s)/.test(main.name);
  if (isKubelet || /^rke2/.test(main.name)) return undefined;
  const fix = BY_HAND.find(([name]) => name.test(main.name))?.[1];
  return refuse("PC550", `${unit} starts it through ${main.name || "another program"}`, fix);
}

function unitText({ unitText: text }: LiveStage): string {
  return text === undefined ? "" : Buffer.from(text.reveal()).toString();
}

interface OwnList extends Pick<LiveSettings, "configPath" | "config" | "source"> {
  /** The kubelet reads it beside others. */
  readonly isInDirectory: boolean;
}

/** The list of providers with ours in it. */
async function ownList(
  { providers, files }: LiveStage,
  ports: readonly string[],
): Promise<OwnList | LivePlan> {
  const own = { name: PROVIDER, matchImages: providerPatterns(ports) };
  const configPath = `${LIVE_DIR}/provider.yaml`;
  const alone = async (path: string, isInDirectory: boolean): Promise<OwnList> => ({
    configPath: path,
    config: await composeProviderConfig(own),
    isInDirectory,
  });
  if (providers === undefined || providers.config === "") return await alone(configPath, false);
  const lists = files.filter(({ kind }) => kind === "provider");
  const ownPath = `${providers.config}/${PROVIDER}.yaml`;
  const isDirectory = lists.some(({ path }) => path !== providers.config);
  const others = lists.filter(({ path }) => path !== ownPath);
  const contents = others.flatMap(({ path, found }) =>
    found?.content === undefined ? [] : [{ path, content: found.content }],
  );
  if (contents.length < others.length) {
    return refuse("PC550", `${providers.config}, its list of providers, can't be read`);
  }
  const known = await readProviderConfig(contents);
  const [fault] = known.faults;
  if (fault !== undefined) return refuse("PC550", `its list of providers has a fault: ${fault}`);
  if (isDirectory) {
    if (known.providers.some(({ name }) => name === PROVIDER)) return taken(providers.config);
    return await alone(ownPath, true);
  }
  const [source] = contents;
  if (source === undefined) return await alone(configPath, false);
  if (known.providers.some(({ name }) => name === PROVIDER)) return taken(source.path);
  return {
    configPath,
    config: await composeProviderConfig(own, source.content),
    source: {
      path: source.path,
      digest: createHash("sha256").update(source.content.reveal()).digest("hex"),
    },
    isInDirectory: false,
  };
}

function taken(path: string): LivePlan {
  return refuse("PC550", `${path} names a provider ${PROVIDER} that pullcast did not put there`);
}

function dropIn(command: string, configPath: string, programDir: string): string {
  return `# pullcast: the kubelet asks its provider at each pull; pullcast remove takes this away.
[Service]
ExecStart=
ExecStart=${command} ${CONFIG_FLAG}=${configPath} ${DIR_FLAG}=${programDir}
`;
}
