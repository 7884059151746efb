import { BlockList, isIP, isIPv4 } from "node:net";
import { BY_TEMPLATE, type ClusterNode, type NodeAddress } from "../model.ts";

/** Which kind of node address to connect to. */
export type AddressKind = "auto" | "ExternalIP" | "InternalIP" | "Hostname" | "name";

/** A chosen address, or why there is none; the reason is a clause. */
export type AddressPick =
  | { readonly host: string; readonly kind: string }
  | { readonly code: "PC112" | "PC113" | "PC265"; readonly message: string };

export interface AddressRules {
  readonly kind: AddressKind;
  /** Makes the host out of `{name}` and `{address}`, in place of the address itself. */
  readonly template?: string | undefined;
  /** Whether ssh knows a host by this name: only then `auto` takes a Hostname. */
  readonly sshHostKnown: (name: string) => Promise<boolean>;
}

/** Addresses that can't be another machine's: this host, its links, groups. */
function notNodes(): BlockList {
  const list = new BlockList();
  list.addSubnet("0.0.0.0", 8, "ipv4");
  list.addSubnet("127.0.0.0", 8, "ipv4");
  list.addSubnet("169.254.0.0", 16, "ipv4");
  list.addSubnet("224.0.0.0", 3, "ipv4");
  list.addSubnet("::", 127, "ipv6");
  list.addSubnet("fe80::", 10, "ipv6");
  list.addSubnet("ff00::", 8, "ipv6");
  return list;
}

let listed: BlockList | undefined;

const LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?";
const DNS_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*\\.?$`);
/** `127.1`, `0x7f000001`, `2130706433`: resolvers read them as IPv4 addresses. */
const ENDS_IN_NUMBER = /(?:^|\.)(?:\d+|0x[0-9a-f]*)\.?$/i;

/** Whether a template makes another host of each node: `{name}` or `{address}` among characters of host names. */
export function isHostTemplate(text: string): boolean {
  return /^(?:[A-Za-z0-9._-]|\{name\}|\{address\})+$/.test(text) && text.includes("{");
}

/**
 * Chooses the host to connect to: the one that a template makes, else an address of the node.
 * What the API says is untrusted: only plain addresses and names of other machines pass.
 */
export async function pickHost(node: ClusterNode, rules: AddressRules): Promise<AddressPick> {
  const { template } = rules;
  if (template === undefined) return await pickAddress(node, rules);
  const values = new Map([["{name}", node.name]]);
  if (template.includes("{address}")) {
    const pick = await pickAddress(node, rules);
    if (!("host" in pick)) return pick;
    values.set("{address}", pick.host);
  }
  const host = template.replaceAll(/\{\w+\}/g, (placeholder) => values.get(placeholder) ?? "");
  if (!isHostText(host)) {
    return {
      code: "PC265",
      message: `${template} makes neither an IP address nor a DNS name of it`,
    };
  }
  return checkAddress({ type: BY_TEMPLATE, address: host });
}

/**
 * Chooses the address of a node: `auto` takes ExternalIP, InternalIP, then a Hostname that ssh knows.
 */
async function pickAddress(node: ClusterNode, rules: AddressRules): Promise<AddressPick> {
  for (const candidate of await candidates(node, rules)) return checkAddress(candidate);
  const kinds = [...new Set(node.addresses.map(({ type }) => type))].sort().join(", ");
  const has = kinds === "" ? "the API lists none" : `the API lists only ${kinds}`;
  const wanted = rules.kind === "auto" ? "ExternalIP, InternalIP or known Hostname" : rules.kind;
  return { code: "PC112", message: `no ${wanted}: ${has}` };
}

async function candidates(node: ClusterNode, rules: AddressRules): Promise<NodeAddress[]> {
  if (rules.kind === "name") return [{ type: "name", address: node.name }];
  const ofType = (type: string) => node.addresses.filter((address) => address.type === type);
  if (rules.kind !== "auto") return ofType(rules.kind);
  const byIp = [...ofType("ExternalIP"), ...ofType("InternalIP")];
  if (byIp.length > 0) return byIp;
  for (const hostname of ofType("Hostname")) {
    if (isHostText(hostname.address) && (await rules.sshHostKnown(hostname.address))) {
      return [hostname];
    }
  }
  return [];
}

function checkAddress({ address, type }: NodeAddress): AddressPick {
  if (!isHostText(address)) {
    const code = "PC112" as const;
    return { code, message: `its ${type} is neither an IP address nor a DNS name` };
  }
  if (pointsHere(address)) {
    return {
      code: "PC113",
      message: `its ${type} ${address} is a loopback, link-local or group address`,
    };
  }
  return { host: address, kind: type };
}

/** An IP address without zone, or a DNS name that no resolver reads as a number. */
function isHostText(text: string): boolean {
  if (text.length > 253) return false;
  if (isIP(text) !== 0) return !text.includes("%");
  return DNS_NAME.test(text) && !ENDS_IN_NUMBER.test(text);
}

/** Loopback, link-local, unspecified, multicast and reserved addresses (IPv4 in IPv6 too), `localhost`. */
function pointsHere(host: string): boolean {
  if (isIP(host) === 0) return /(?:^|\.)localhost\.?$/i.test(host);
  // Made where it is needed first: a push to --hosts has no use for it.
  listed ??= notNodes();
  return listed.check(host, isIPv4(host) ? "ipv4" : "ipv6");
}

/** One spelling for each address, so that two can be compared. */
export function canonicalHost(host: string): string {
  // A zone (`%eth0`) is part of no URL, and of no address that the API may give.
  if (isIP(host) !== 6 || host.includes("%")) return host.toLowerCase().replace(/\.$/, "");
  const short = new URL(`http://[${host}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(short);
  if (mapped === null) return short;
  const [high, low] = [Number.parseInt(mapped[1] ?? "", 16), Number.parseInt(mapped[2] ?? "", 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

/**
 * For each chosen address the other nodes that it may reach as well: those that chose it too, and those that list
 * it, unless the host itself tells them apart by its machine-id. A node writes its own status: by listing what
 * belongs to others it must not keep the push from them.
 *
 * @param chosen - hosts by node name
 * @param rules - all nodes listed, also those that are no targets; and whether hosts are asked for their machine-id
 * @returns names of the others, by node name
 */
export function findShared(
  chosen: ReadonlyMap<string, string>,
  { nodes, nodeCheck }: { readonly nodes: readonly ClusterNode[]; readonly nodeCheck: boolean },
): Map<string, string[]> {
  const choosers = new Owners();
  const listers = new Owners();
  for (const [name, host] of chosen) choosers.add(host, name);
  for (const { name, addresses } of nodes) {
    for (const { address } of addresses) if (isHostText(address)) listers.add(address, name);
  }
  const machines = new Map(nodes.map(({ name, machineId }) => [name, machineId]));
  const isToldApart = (name: string, other: string) => {
    const own = machines.get(name) ?? "";
    return nodeCheck && own !== "" && own !== machines.get(other);
  };
  const shared = new Map<string, string[]>();
  for (const [name, host] of chosen) {
    const others = new Set([
      ...choosers.of(host),
      ...listers.of(host).filter((other) => !isToldApart(name, other)),
    ]);
    others.delete(name);
    if (others.size > 0) shared.set(name, [...others]);
  }
  return shared;
}

/** Node names by address, in one spelling for each. */
class Owners {
  readonly #byHost = new Map<string, string[]>();

  add(host: string, name: string): void {
    const key = canonicalHost(host);
    this.#byHost.set(key, [...(this.#byHost.get(key) ?? []), name]);
  }

  of(host: string): readonly string[] {
    return this.#byHost.get(canonicalHost(host)) ?? [];
  }
}
