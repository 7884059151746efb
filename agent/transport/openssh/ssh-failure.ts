import type { Code, PullcastError } from "../../errors.ts";
import type { Phase } from "../../model.ts";
import { cleanText } from "../../util/clean-text.ts";
import { firstContact } from "../host-key-refusal.ts";
import type { HostTrust } from "../host-trust.ts";
import { renewal } from "../pins.ts";
import { sshError } from "../ssh-error.ts";
import type { SshFacts, SshLog, SshStep } from "./ssh-log.ts";

/** What one failure of ssh means. */
interface Meaning {
  readonly code: Code;
  readonly phase: Phase;
  readonly detail?: string;
  readonly fix?: string;
  /** What Node would call the cause: a retry looks at it. */
  readonly errno?: string;
}

interface Told {
  readonly facts: SshFacts;
  readonly user: string;
  /** The line that matched, cleaned. */
  readonly line: string;
  /** Another line that holds this, cleaned, or `""`. */
  readonly find: (pattern: RegExp) => string;
}

interface Rule {
  /** Where ssh may say so: what it prints later may be the node's words. */
  readonly steps: readonly SshStep[];
  readonly pattern: RegExp;
  readonly meaning: (told: Told) => Meaning;
}

const simple =
  (code: Code, phase: Phase) =>
  ({ line }: Told): Meaning => ({ code, phase, detail: line });

const offers = ({ facts }: Told): string =>
  facts.hostKey === undefined ? "" : `it offers ${facts.hostKey}`;

const hostKey =
  (code: Code, place: RegExp) =>
  (told: Told): Meaning => {
    const detail = [offers(told), told.find(place)].filter((text) => text !== "").join("; ");
    return { code, phase: "host-key", detail: detail === "" ? told.line : detail };
  };

/** What a jump host's ssh says comes while ours waits for the node. */
const EARLY: readonly SshStep[] = ["connect", "handshake"];
const LOGIN: readonly SshStep[] = [...EARLY, "auth"];

/** The first that fits counts: causes before what follows from them. Texts of OpenSSH 7.6 to 10. */
const RULES: readonly Rule[] = [
  {
    steps: EARLY,
    pattern:
      /bad configuration option|Bad configuration option|Can't open user config file|keyword .* extra arguments/i,
    meaning: simple("PC235", "resolve"),
  },
  {
    steps: EARLY,
    pattern: /Could not resolve hostname .*Temporary failure/i,
    meaning: simple("PC201", "resolve"),
  },
  {
    steps: EARLY,
    pattern: /Could not resolve hostname/i,
    meaning: ({ line }) => ({ code: "PC201", phase: "resolve", detail: line, errno: "ENOTFOUND" }),
  },
  {
    steps: EARLY,
    pattern: /REVOKED HOST KEY|Host key .* revoked by file/i,
    meaning: hostKey("PC213", /Host key .* revoked|key for .* is revoked|marked as revoked/i),
  },
  {
    steps: EARLY,
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    meaning: hostKey("PC212", /^Offending .* in /),
  },
  {
    steps: EARLY,
    pattern: /^(?:\S+ )?WARNING: \S+ key found for host|(?:RSA|ECDSA|ED25519) key found for host/,
    meaning: hostKey("PC214", /key found for host/),
  },
  {
    steps: EARLY,
    pattern: /^Certificate invalid: /,
    meaning: ({ line }) => ({ code: "PC243", phase: "host-key", detail: line }),
  },
  {
    steps: EARLY,
    pattern: /host key is known for .* requested strict checking|Host key verification failed/,
    meaning: hostKey("PC211", /host key is known for/),
  },
  {
    steps: EARLY,
    pattern: /no matching .* found/,
    meaning: ({ line }) => ({
      code: "PC208",
      phase: "handshake",
      detail: line.replace(/^Unable to negotiate with .*?: /, ""),
    }),
  },
  {
    steps: LOGIN,
    pattern: /Too many authentication failures/,
    meaning: (told) => ({
      // One key alone is not too many: it is refused.
      code: told.facts.offered.length > 1 ? "PC260" : "PC221",
      phase: "auth",
      detail: `${login(told)}; it takes no more tries`,
    }),
  },
  {
    steps: LOGIN,
    pattern: /Permission denied \(/,
    meaning: (told) => {
      const { step, offered } = told.facts;
      // A jump host's: its ssh tells less.
      if (step !== "auth") return { code: "PC221", phase: "auth", detail: told.line };
      const code = offered.length === 0 ? "PC223" : "PC221";
      return { code, phase: "auth", detail: login(told) };
    },
  },
  {
    // A jump host's ssh: the channel to the node.
    steps: EARLY,
    pattern: /^stdio forwarding failed/,
    meaning: ({ find, line }) => {
      const why = find(/^channel \d+: open failed/);
      const isRefused = /administratively prohibited/.test(why);
      return { code: isRefused ? "PC234" : "PC204", phase: "connect", detail: why || line };
    },
  },
  { steps: EARLY, pattern: /: Connection refused/, meaning: simple("PC202", "connect") },
  {
    steps: EARLY,
    pattern: /during banner exchange/,
    meaning: simple("PC207", "handshake"),
  },
  {
    steps: EARLY,
    pattern: /connect to (?:host|address) .*(?:timed out|Operation timed out)/,
    meaning: simple("PC203", "connect"),
  },
  {
    steps: EARLY,
    pattern: /connect to (?:host|address) /,
    meaning: simple("PC204", "connect"),
  },
  {
    steps: ["auth", "channel"],
    pattern:
      /session request failed|exec request failed|shell request failed|^channel \d+: open failed/,
    meaning: simple("PC225", "channel"),
  },
];

/** sshd: `Exceeded MaxStartups` (to 9.7), `Not allowed at this time` (from 9.8, PerSourcePenalties too). */
const THROTTLED = /Exceeded MaxStartups|Not allowed at this time/;

interface FailureOptions {
  /** `host:port`, with the way there. */
  readonly at: string;
  readonly user: string;
  /** Whether a command of the configuration makes the connection. */
  readonly isProxied: boolean;
  /** What decided about the host's key, where a refused key can be no other host's. */
  readonly trust?: HostTrust | undefined;
}

/** Why ssh gave up before the program began, by what it told. */
export function sshFailure(
  log: SshLog,
  { at, user, isProxied, trust }: FailureOptions,
): PullcastError {
  const { errno, ...meaning } = meaningOf(log, { user, isProxied });
  const words = cleanText(log.words.join("\n"), 500);
  const cause = Object.assign(new Error(words), errno === undefined ? {} : { code: errno });
  const fix = trust === undefined ? undefined : hostKeyFix(meaning.code, trust);
  return sshError(meaning.code, { at, cause, ...meaning, ...(fix === undefined ? {} : { fix }) });
}

function meaningOf(
  { facts, words }: SshLog,
  { user, isProxied }: Pick<FailureOptions, "user" | "isProxied">,
): Meaning {
  const clean = (line: string) => cleanText(line.replace(/^ssh: |[\s.@]+$/g, ""), 200);
  const find = (pattern: RegExp) => clean(words.find((line) => pattern.test(line)) ?? "");
  const throttled = THROTTLED.exec(facts.greeting);
  if (throttled !== null) {
    return { code: "PC206", phase: "handshake", detail: `it said "${throttled[0]}"` };
  }
  for (const { steps, pattern, meaning } of RULES) {
    if (!steps.includes(facts.step)) continue;
    const line = words.find((each) => pattern.test(each));
    if (line !== undefined) return meaning({ facts, user, line: clean(line), find });
  }
  return unnamed(facts, { detail: cleanText(words.join("; "), 200), isProxied });
}

/** The peer hung up, or ssh said something new. */
function unnamed(
  { step, heardPeer, greeting }: SshFacts,
  { detail, isProxied }: { readonly detail: string; readonly isProxied: boolean },
): Meaning {
  const said = cleanText(greeting, 120);
  switch (step) {
    case "connect":
      return { code: "PC245", phase: "connect", detail };
    case "handshake":
      if (heardPeer) return { code: "PC207", phase: "handshake", detail };
      if (isProxied) return { code: "PC244", phase: "connect", detail };
      return {
        code: "PC205",
        phase: "handshake",
        detail: said === "" ? detail : `it said "${said}"`,
      };
    case "auth":
    case "channel":
      return { code: "PC226", phase: step, detail };
  }
}

/** The step for a node of a cluster, whose pin knows more than ssh does. */
function hostKeyFix(code: Code, trust: HostTrust): string | undefined {
  if (code === "PC211") return firstContact(trust);
  return code === "PC212" && trust.pin !== undefined && trust.isPinned
    ? renewal(trust.pin)
    : undefined;
}

/** Whose login was refused, with what, and what was left out. */
function login({ facts: { offered, methods }, user, find }: Told): string {
  const keys = offered.map((key) => cleanText(key, 120)).join(", ");
  const accepts =
    methods === "" ? "" : `; it accepts ${cleanText(methods, 80).replaceAll(",", ", ")}`;
  const unread = find(/^Load key |^sign_and_send_pubkey|^agent refused/);
  const left = unread === "" ? "" : `; ${unread}`;
  return `user ${user}, offered ${keys === "" ? "no key" : keys}${accepts}${left}`;
}
