import { chainIdsOf } from "../util/chain-ids.ts";
import { cleanText } from "../util/clean-text.ts";
import { parseJson } from "../util/parse-json.ts";
import { readRecords } from "./records.ts";

/** What a reference means on a node. */
export interface StockedImage {
  /** `sha256:…` of its index or manifest. */
  readonly digest: string;
  readonly pinned: boolean;
  /** Names of the sets that hold it. */
  readonly sets: readonly string[];
}

/** What a node's kubelet is set to, as far as its files and its command line tell it. */
export interface ImageSettings {
  /** `imagePullCredentialsVerificationPolicy`. */
  readonly policy?: string;
  /** Whether the gate KubeletEnsureSecretPulledImages is on. */
  readonly gate?: boolean;
  /** `preloadedImagesVerificationAllowlist`. */
  readonly allowlist: readonly string[];
  /** `imageGCHighThresholdPercent`. */
  readonly gcPercent?: number;
}

/** What a kubelet remembers of its own pulls of an image (kubelet: ImagePulledRecord, 1.35). */
export interface PulledRecord {
  /** By repository, whether all pods of the node may use it. */
  readonly repositories: ReadonlyMap<string, { readonly isOpen: boolean }>;
}

/** What a node has of the images that were asked for; all text is the node's. */
export interface NodeStock {
  /** What runs the kubelet's containers; podman fills CRI-O's store. */
  readonly engine: "containerd" | "docker" | "podman";
  /** Its version, cleaned. */
  readonly runtime: string;
  /** As `uname -m` says it. */
  readonly machine: string;
  /** Of the file system of containerd's content store; 0 where nobody could tell. */
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** Layers that are there. */
  readonly blobs: ReadonlySet<string>;
  /** Layers of which a part is there, and how many bytes. */
  readonly parts: ReadonlyMap<string, number>;
  /** Chain IDs that are unpacked. */
  readonly chains: ReadonlySet<string>;
  /** What references mean: with containerd the digest of an index or manifest, else the image's ID. */
  readonly refs: ReadonlyMap<string, StockedImage>;
  readonly settings: ImageSettings;
  /** By image ID, of images that the kubelet itself has pulled under whatever name. */
  readonly records: ReadonlyMap<string, PulledRecord>;
}

/** The records of the program `stock` (stock.sh). */
export function readStock(stdout: string, nonce: string): NodeStock {
  const records = readRecords(stdout, nonce);
  const last = (key: string) => records.findLast((one) => one.key === key)?.value ?? "";
  const values = (key: string) =>
    records.filter((one) => one.key === key).map(({ value }) => value);
  const all = (key: string) => values(key).map((value) => value.split(" "));
  const [, total = "0", , free = "0"] =
    /\s(\d+)\s+(-?\d+)\s+(-?\d+)\s+\d+%\s/.exec(last("room")) ?? [];
  return {
    engine: engineOf(last("engine")),
    runtime: cleanText(last("runtime"), 100),
    machine: cleanText(last("machine"), 50),
    totalBytes: Number(total) * 1024,
    freeBytes: Number(free) * 1024,
    blobs: new Set(all("blob").map(([digest = ""]) => digest)),
    parts: new Map(
      all("part").flatMap(([digest = "", bytes = ""]) =>
        /^\d{1,15}$/.test(bytes) ? [[digest, Number(bytes)] as const] : [],
      ),
    ),
    chains: new Set([
      ...all("chain").map(([id = ""]) => id),
      ...all("layers").flatMap((ids) => chainIdsOf(ids.filter((id) => id !== ""))),
    ]),
    refs: new Map(
      all("ref").map(([name = "", digest = "", pinned, sets]) => [
        name,
        { digest, pinned: pinned === "yes", sets: setsOf(sets) },
      ]),
    ),
    settings: settingsOf(
      { policy: last("policy"), gate: last("gate"), gc: last("gc") },
      values("allow"),
    ),
    records: new Map(values("record").map(readPulledRecord)),
  };
}

function engineOf(text: string): NodeStock["engine"] {
  return text === "docker" || text === "podman" ? text : "containerd";
}

/** An image that pullcast holds on a node. */
export interface HeldImage extends StockedImage {
  /** The reference, cleaned. */
  readonly ref: string;
}

/** A reference that a set let go, or that was unpinned. */
export interface LeftImage {
  readonly ref: string;
  /** By another set, or by others than pullcast. */
  readonly pinned: boolean;
}

/** What the program `ledger` says (ledger.sh). */
export function readLedger(
  stdout: string,
  nonce: string,
): { readonly held: readonly HeldImage[]; readonly left: readonly LeftImage[] } {
  const records = readRecords(stdout, nonce);
  return {
    held: records.flatMap(({ key, value }) => {
      const [ref = "", digest = "", pinned, sets] = value.split(" ");
      if (key !== "held") return [];
      return [
        {
          ...{ ref: cleanText(ref, 500), digest: cleanText(digest, 100) },
          ...{ pinned: pinned === "yes", sets: setsOf(sets) },
        },
      ];
    }),
    left: records.flatMap(({ key, value }) => {
      const [ref = "", pinned] = value.split(" ");
      return key === "left" ? [{ ref: cleanText(ref, 500), pinned: pinned === "yes" }] : [];
    }),
  };
}

function setsOf(text = "-"): string[] {
  return text === "-" ? [] : text.split(",").map((name) => cleanText(name, 50));
}

function settingsOf(
  { policy, gate, gc }: Readonly<Record<"policy" | "gate" | "gc", string>>,
  allowlist: readonly string[],
): ImageSettings {
  const percent = Number(gc);
  return {
    ...(/^[A-Za-z]{1,60}$/.test(policy) ? { policy } : {}),
    ...(gate === "true" || gate === "false" ? { gate: gate === "true" } : {}),
    ...(gc !== "" && percent >= 1 && percent <= 100 ? { gcPercent: percent } : {}),
    allowlist,
  };
}

interface RecordFields {
  readonly credentialMapping?: Readonly<
    Record<string, { readonly nodePodsAccessible?: boolean } | null>
  >;
}

/** One that can't be read is one all the same: the kubelet takes the image for pulled then. */
function readPulledRecord(value: string): [id: string, record: PulledRecord] {
  const space = value.indexOf(" ");
  const { credentialMapping } = (parseJson(value.slice(space + 1)) ?? {}) as RecordFields;
  const isMap = typeof credentialMapping === "object" && credentialMapping !== null;
  const repositories = Object.entries(isMap ? credentialMapping : {}).map(
    ([name, of]) => [name, { isOpen: of?.nodePodsAccessible === true }] as const,
  );
  return [value.slice(0, space), { repositories: new Map(repositories) }];
}
