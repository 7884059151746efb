import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { GO_SOURCE, goBuild } from "./go.ts";
import { findProgram } from "./host-tools.ts";
import { KUBE_VERSION } from "./kube.ts";
import type { Progress } from "./model.ts";
import { run, withHeartbeat } from "./progress.ts";
import { cacheRoot, withLock } from "./state.ts";

/** Kubelet lines whose own packages answer. */
export type KeyringVersion = "1.30" | "1.35";

const SOURCES = ["main.go", "add.go", "add_old.go", "go-1.30.mod", "go-1.30.sum"] as const;

/** Each line is built with the Go it was released with, where that makes a difference. */
const BUILDS = {
  "1.30": {
    kubelet: "v1.30.14",
    toolchain: "go1.23.10",
    flags: ["-modfile=keyring/go-1.30.mod", "-tags=kube1.30"],
  },
  "1.35": { kubelet: KUBE_VERSION },
} as const;

/** One credential file, and references to look up in it. */
export interface Question {
  readonly format: "config.json" | ".dockercfg";
  readonly file: Uint8Array;
  readonly images: readonly string[];
}

/** What the kubelet's own packages say. */
export interface Answer {
  readonly valid: boolean;
  /** For each image what the kubelet would try, in its order; null where it takes no file. */
  readonly creds: readonly (readonly OracleCredential[])[] | null;
}

export interface OracleCredential {
  readonly username: string;
  readonly password: string;
  /** Base64 of `user:password`, byte for byte. */
  readonly pair: string;
}

/** Asks the kubelet's own packages; gives one answer for each question. */
export type AskKeyring = (questions: readonly Question[]) => Promise<Answer[]>;

export function keyringVersions(): KeyringVersion[] {
  return Object.keys(BUILDS) as KeyringVersion[];
}

/** The release whose packages answer for a line. */
export function keyringRelease(version: KeyringVersion): string {
  return BUILDS[version].kubelet;
}

/** Gives a door to the packages, building their program if this recipe has not been built on this machine. */
export async function ensureKeyring(
  version: KeyringVersion,
  report: Progress,
): Promise<AskKeyring> {
  const { kubelet, ...build } = BUILDS[version];
  const target = join(cacheRoot(), `keyring-${kubelet}-${await recipeDigest(version)}`, "keyring");
  await withLock("keyring", async () => {
    if ((await findProgram(basename(target), join(target, ".."))) !== undefined) return;
    const what = `building the keyring of Kubernetes ${kubelet} from Go modules (once; less than a minute)`;
    await withHeartbeat(what, report, () => goBuild({ ...build, from: "./keyring", target }));
  });
  return async (questions) => {
    const lines = questions.map(({ format, file, images }) =>
      JSON.stringify({ format, file: base64(file), images: images.map(base64) }),
    );
    const output = await run([target], { input: lines.join("\n") });
    return output
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Answer);
  };
}

function base64(data: Uint8Array | string): string {
  return Buffer.from(data as Uint8Array).toString("base64");
}

async function recipeDigest(version: KeyringVersion): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(BUILDS[version]));
  const files = [...SOURCES.map((file) => join("keyring", file)), "go.mod", "go.sum"];
  for (const file of files) hash.update(await readFile(join(GO_SOURCE, file)));
  return hash.digest("hex").slice(0, 12);
}
