import { cleanText } from "../util/clean-text.ts";
import { offeredAlgorithms } from "./algorithms.ts";
import { orderHostKeyAlgorithms } from "./host-key.ts";

/** Why a host needs the system's ssh. */
export interface SystemNeed {
  /** A clause for people. */
  readonly why: string;
  /** Without it the host can't be reached at all, or not safely. */
  readonly isVital: boolean;
  /** It is about whose host key is good: without meaning where known_hosts alone decides. */
  readonly isTrust?: boolean;
}

/** The values of a keyword that somebody configured. */
export type Wish = (keyword: string) => readonly string[] | undefined;

/** Settings that only the system's ssh has, as `ssh -G` names them, and as people do. */
const SETTINGS: readonly {
  readonly keyword: string;
  readonly name: string;
  readonly isVital: boolean;
  readonly isTrust?: boolean;
  /** Its value is a command, which may hold secrets. */
  readonly isCommand?: boolean;
  /** Values by which it is off, or what it is anyway, beside `none`. */
  readonly off?: readonly string[];
}[] = [
  { keyword: "proxycommand", name: "ProxyCommand", isVital: true, isCommand: true },
  { keyword: "revokedhostkeys", name: "RevokedHostKeys", isVital: true },
  { keyword: "addressfamily", name: "AddressFamily", isVital: false, off: ["any"] },
  { keyword: "bindaddress", name: "BindAddress", isVital: false },
  { keyword: "bindinterface", name: "BindInterface", isVital: false },
  { keyword: "certificatefile", name: "CertificateFile", isVital: false },
  {
    ...{ keyword: "knownhostscommand", name: "KnownHostsCommand" },
    ...{ isVital: false, isTrust: true, isCommand: true },
  },
  {
    ...{ keyword: "verifyhostkeydns", name: "VerifyHostKeyDNS" },
    ...{ isVital: false, isTrust: true, off: ["no", "false"] },
  },
  { keyword: "pkcs11provider", name: "PKCS11Provider", isVital: false },
  {
    ...{ keyword: "securitykeyprovider", name: "SecurityKeyProvider" },
    ...{ isVital: false, off: ["internal"] },
  },
];

/** What of a host's settings only the system's ssh can do. */
export function configuredNeeds(wish: Wish): readonly SystemNeed[] {
  const settings = SETTINGS.flatMap(({ keyword, name, off = [], ...about }): SystemNeed[] => {
    const { isVital, isTrust = false, isCommand = false } = about;
    const value = wish(keyword)?.[0] ?? "none";
    if (["none", ...off].includes(value.toLowerCase())) return [];
    const told = isCommand ? "" : ` ${cleanText(value, 100)}`;
    return [
      { why: `ssh's configuration has ${name}${told}`, isVital, ...(isTrust && { isTrust }) },
    ];
  });
  return [...settings, ...algorithmNeeds(wish)];
}

function algorithmNeeds(wish: Wish): SystemNeed[] {
  const { cipher, hmac, kex } = offeredAlgorithms([]);
  const ours = [
    ["ciphers", "Ciphers", cipher],
    ["macs", "MACs", hmac],
    ["kexalgorithms", "KexAlgorithms", kex],
    ["hostkeyalgorithms", "HostKeyAlgorithms", orderHostKeyAlgorithms(new Set())],
  ] as const;
  return ours.flatMap(([keyword, name, known]) => {
    const wanted = wish(keyword)?.[0]?.split(",");
    const names: readonly string[] = Array.isArray(known) ? known : [];
    if (wanted === undefined || wanted.some((each) => names.includes(each))) return [];
    const why = `ssh's configuration has ${name} ${cleanText(wanted.join(","), 100)}, and ssh2 none of these`;
    return [{ why, isVital: false }];
  });
}
