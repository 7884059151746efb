import type { CliRun } from "../../cli.ts";
import type { Verdict } from "./model.ts";

/** What a program made of a row, with its words for people who read a failed test. */
export interface Outcome {
  readonly verdict: Verdict;
  readonly said: string;
}

/** Printed on the host by the command that ssh is given. */
export const SENTINEL = "the-command-ran";

/** ssh's own words, the cause before its consequences. */
const SSH_WORDS: readonly (readonly [RegExp, Verdict])[] = [
  [/REMOTE HOST IDENTIFICATION HAS CHANGED/, "changed key"],
  [/REVOKED HOST KEY|Host key \S+ \S+ revoked|is revoked/i, "revoked key"],
  [/Unable to negotiate|no matching/, "no algorithm"],
  [/Permission denied|Too many authentication failures/, "no login"],
  [/Host key verification failed|host key is known for/, "unknown key"],
  [/administratively prohibited/, "no forwarding"],
  [/Could not resolve/, "no name"],
  [/stdio forwarding failed/, "no route"],
  [/open failed/, "no program"],
  [/port forwarding failed/, "no forwarding"],
  [/Connection refused/, "refused"],
  [/timed out/i, "no answer"],
  [/Bad configuration|terminating,|Cannot execute command-line/, "bad config"],
  [/Connection (closed|reset)|kex_exchange_identification/, "closed"],
];

/** ssh's verdict: 255 is its own failure, anything else comes from the host. */
export function sshVerdict(run: CliRun): Outcome {
  const said = run.stderr.trim();
  if (run.code === null) return { verdict: "waits", said };
  if (run.code !== 255) {
    const ran = run.code === 0 && run.stdout.split(/\r?\n/).includes(SENTINEL);
    return { verdict: ran ? "ok" : "no program", said: `exit ${run.code}: ${run.stdout}${said}` };
  }
  if (said === "") return { verdict: "silent", said };
  const found = SSH_WORDS.find(([words]) => words.test(said));
  return { verdict: found?.[1] ?? "other", said };
}

const CODES: Readonly<Record<string, Verdict>> = {
  PC201: "no name",
  PC202: "refused",
  PC203: "no answer",
  PC204: "no route",
  PC205: "closed",
  PC206: "closed",
  PC207: "closed",
  PC208: "no algorithm",
  PC211: "unknown key",
  PC212: "changed key",
  PC213: "revoked key",
  // To ssh too a key of a type that isn't known is a change where others are.
  PC214: "changed key",
  PC218: "changed key",
  PC221: "no login",
  PC222: "no login",
  PC223: "no login",
  PC224: "no sudo",
  PC225: "no program",
  PC226: "closed",
  PC227: "no answer",
  PC229: "no program",
  PC233: "bad config",
  PC234: "no forwarding",
  PC235: "bad config",
  PC236: "no sudo",
  PC237: "no sudo",
  PC238: "no sudo",
  PC239: "no sudo",
  PC241: "not supported",
  PC243: "unknown key",
  PC244: "closed",
  PC260: "no login",
  PC261: "no login",
  PC262: "no login",
  PC263: "no login",
  PC264: "no login",
  PC268: "no program",
  PC269: "no login",
};

interface Answer {
  readonly items?: readonly { readonly result: string; readonly code?: string }[];
  readonly code?: string;
}

/** pullcast's verdict by its JSON: of the first host that failed, or of the run. */
export function ourVerdict(run: CliRun): Outcome {
  const said = `exit ${run.code}: ${run.stderr.trim()}`;
  const { items = [], code } = JSON.parse(run.stdout || "{}") as Answer;
  if (items.length === 0) return { verdict: CODES[code ?? ""] ?? "other", said };
  // Hosts behind several names get the same file.
  const failed = items.find(({ result }) => result !== "updated" && result !== "unchanged");
  if (failed === undefined) return { verdict: "ok", said };
  return { verdict: CODES[failed.code ?? ""] ?? "other", said };
}
