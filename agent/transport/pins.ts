import type { ClusterNode } from "../model.ts";
import { shellWord } from "../util/shell-word.ts";
import { hostKeyType } from "./host-key.ts";
import type { KnownKey } from "./known-hosts.ts";
import { hostKeyLine, loadKnownHosts } from "./known-hosts-file.ts";
import { changeKnownHosts } from "./known-hosts-io.ts";
import type { SshOptions } from "./transport.ts";

/** Where the host keys of a cluster's node are pinned: in known_hosts files, under a name made of the node's UID. */
export interface HostPin {
  /** New pins go to the first. */
  readonly files: readonly string[];
  readonly name: string;
  /** The node's name, for people. */
  readonly node: string;
  /** Whether pullcast alone writes the first file. */
  readonly owned: boolean;
}

type PinOptions = Pick<SshOptions, "knownHosts" | "pinFile">;

/**
 * The pin of a node. Its UID is unique in space and time, so a node that took over another's address,
 * or even its name, is nobody known. Files that the user named hold the pins as well.
 *
 * @returns `undefined` where no file is given
 */
export function pinOf(
  { name, uid }: Pick<ClusterNode, "name" | "uid">,
  { knownHosts, pinFile }: PinOptions,
): HostPin | undefined {
  const files = knownHosts ?? (pinFile === undefined ? [] : [pinFile]);
  if (files.length === 0) return undefined;
  return { files, name: `node/${uid.toLowerCase()}`, node: name, owned: knownHosts === undefined };
}

/** The command that pins a node where its pins are looked for. */
export function trustCommand({ files: [file = ""], node, owned }: HostPin): string {
  return `pullcast trust ${owned ? "" : `--known-hosts ${shellWord(file)} `}${shellWord(node)}`;
}

/** How pins that the node no longer shows are renewed: not before it is known why. */
export function renewal(pin: HostPin): string {
  const { files, name, node, owned } = pin;
  const forget = files.map((file) => `ssh-keygen -R ${name} -f ${shellWord(file)}`);
  const trust = trustCommand(pin);
  const steps = owned ? [`pullcast trust --replace ${shellWord(node)}`] : [...forget, trust];
  return `find out why: a rebuilt node, or an attack; only then ${steps.join("; ")}`;
}

/** What became of a node's pins. */
export type PinOutcome =
  | { readonly type: "trusted" | "unchanged" | "replaced" }
  /** Nothing was changed: other keys are pinned. */
  | { readonly type: "differs"; readonly pinned: readonly KnownKey[] };

/**
 * Pins the public host keys of a node, all of them. Keys of further types are added to what is pinned;
 * a key that is pinned stays where the node has it no more.
 *
 * @param replace - whether keys that differ are put in place of those pinned; never in a file of the user's
 * @throws {PullcastError} PC215 if the file can't be read or written
 */
export async function pinHostKeys(
  pin: HostPin,
  { blobs, replace }: { readonly blobs: readonly Buffer[]; readonly replace: boolean },
): Promise<PinOutcome> {
  const [file = ""] = pin.files;
  return await changeKnownHosts(file, async ({ text, append, rewrite }) => {
    const pinned = (await loadKnownHosts(pin.files)).keysNamed(pin.name);
    const isPinned = (blob: Buffer) => pinned.some((key) => key.blob.equals(blob));
    const lines = (wanted: readonly Buffer[]) =>
      wanted.map((blob) => hostKeyLine({ host: pin.name, port: 22, blob, comment: pin.node }));
    if (!differs(pinned, blobs)) {
      const added = blobs.filter((blob) => !isPinned(blob));
      if (added.length > 0) await append(lines(added).join(""));
      return { type: added.length > 0 ? "trusted" : "unchanged" };
    }
    if (!replace || !pin.owned) return { type: "differs", pinned };
    const kept = text.split("\n").filter((line) => !line.startsWith(`${pin.name} `));
    const end = kept.at(-1) === "" ? "" : "\n";
    await rewrite(`${kept.join("\n")}${end}${lines(blobs).join("")}`);
    return { type: "replaced" };
  });
}

/** A key of a pinned type that is another one, or none of the pinned keys at all. */
function differs(pinned: readonly KnownKey[], blobs: readonly Buffer[]): boolean {
  if (pinned.length === 0) return false;
  const same = (blob: Buffer) => pinned.some((key) => key.blob.equals(blob));
  const clashes = (blob: Buffer) => pinned.some(({ type }) => type === hostKeyType(blob));
  return !blobs.some(same) || blobs.some((blob) => !same(blob) && clashes(blob));
}
