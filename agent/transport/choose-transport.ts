import { spawn } from "node:child_process";
import { describeCode, PullcastError } from "../errors.ts";
import { once } from "../util/once.ts";
import type { AgentLists } from "./agent-list.ts";
import { type HostSettings, plainSettings } from "./host-settings.ts";
import type { HostTrust, HostTrusts } from "./host-trust.ts";
import { mayHaveTicket } from "./kerberos-ticket.ts";
import { keySettingsId, needsSystemSsh, seenKeys } from "./key-kinds.ts";
import { hasMaster } from "./openssh/ask-master.ts";
import type { HostRoute } from "./resolve-host.ts";
import type { SystemNeed } from "./system-needs.ts";
import type { ChosenTransport, SshOptions } from "./transport.ts";

/** Decides for each host what carries the work. */
export interface Chooser {
  /** Whether ssh2 is to read the files that the command line names. */
  mayBeSsh2(): Promise<boolean>;
  /** @throws {PullcastError} PC241 where the user wants ssh2 and it can't reach the host */
  choose(route: HostRoute): Promise<ChosenTransport>;
  /** What to try instead after a failure, if anything. */
  afterFailure(choice: ChosenTransport, error: unknown): ChosenTransport | undefined;
}

/** What a run has once, whatever carries its work. */
interface ChooserShared {
  /** Lists the agents' keys, each agent's once. */
  readonly agents: AgentLists;
  /** Reads each set of known_hosts files once. */
  readonly trusts: HostTrusts;
}

/** Makes the chooser of a run. */
export function createChooser(options: SshOptions, shared: ChooserShared): Chooser {
  const { transport: wanted = "auto", askPass = false, limits } = options;
  const needs = createNeeds(shared);
  let there: Promise<boolean> | undefined;
  const isThere = (program: string) => {
    there ??= isProgram(program);
    return there;
  };
  return {
    async mayBeSsh2() {
      if (wanted !== "auto") return wanted === "ssh2";
      return (await needs.ofKeys(plainSettings({ host: "" }, options))).length === 0;
    },
    async choose({ host, jumps }) {
      if (wanted === "openssh") return bySystem("--transport openssh");
      const hosts = [...jumps, host];
      const found = (await Promise.all(hosts.map(needs.of))).flat();
      if (wanted === "ssh2") return onlySsh2(found, { why: "--transport ssh2" });
      // The system's ssh is never given a password.
      if (askPass) return onlySsh2(found, { why: "--ask-pass", fix: WITHOUT_PASSWORD });
      const vital = vitalOf(found);
      const why =
        vital?.why ?? found[0]?.why ?? (await sharedConnection(hosts, { limits, ...shared }));
      if (why === undefined) return bySsh2("nothing needs the system's ssh", []);
      const program = host.system?.config.program ?? "ssh";
      return vital !== undefined || (await isThere(program))
        ? bySystem(why)
        : bySsh2("the system's ssh is not there", found);
    },
    afterFailure({ transport }, error) {
      // Nothing was authenticated yet, so nothing is weakened.
      if (wanted !== "auto" || transport !== "ssh2") return undefined;
      if (!(error instanceof PullcastError) || error.code !== "PC208") return undefined;
      return bySystem(`ssh2 found no common SSH algorithm: ${error.detail}`);
    },
  };
}

/** Asked last: it takes a process for each host that may have one. */
async function sharedConnection(
  hosts: readonly HostSettings[],
  { limits, trusts }: Pick<SshOptions, "limits"> & Pick<ChooserShared, "trusts">,
): Promise<string | undefined> {
  for (const host of hosts) {
    // A pin is to be checked now, not when the user logged in.
    if ((await trustOf(trusts, host))?.isPinned) continue;
    if (await hasMaster(host, limits)) return "ssh has a live connection to share";
  }
  return undefined;
}

/** Whether there is such a program at all. */
async function isProgram(program: string): Promise<boolean> {
  const child = spawn(program, ["-V"], { stdio: "ignore" });
  return await new Promise((resolve) => {
    child.once("error", () => resolve(false)).once("close", () => resolve(true));
  });
}

function bySystem(transportReason: string): ChosenTransport {
  return { transport: "openssh", transportReason, notices: [] };
}

const WITHOUT_PASSWORD = "leave out --ask-pass, and let a key log in";

function vitalOf(found: readonly SystemNeed[]): SystemNeed | undefined {
  return found.find(({ isVital }) => isVital);
}

/** @throws {PullcastError} PC241 where it can't reach the host */
function onlySsh2(
  found: readonly SystemNeed[],
  { why, ...fix }: { readonly why: string; readonly fix?: string },
): ChosenTransport {
  const vital = vitalOf(found);
  if (vital === undefined) return bySsh2(why, found);
  throw new PullcastError("PC241", { phase: "resolve", detail: vital.why, ...fix });
}

function bySsh2(transportReason: string, unmet: readonly SystemNeed[]): ChosenTransport {
  const { title } = describeCode("PC242");
  const notices = unmet.map(({ why }) => ({ code: "PC242" as const, message: `${title}: ${why}` }));
  return { transport: "ssh2", transportReason, notices };
}

/** What of a host needs the system's ssh. */
interface Needs {
  of(this: void, host: HostSettings): Promise<readonly SystemNeed[]>;
  ofKeys(this: void, host: HostSettings): Promise<readonly SystemNeed[]>;
}

function createNeeds({ agents, trusts }: ChooserShared): Needs {
  const byKeys = new Map<string, Promise<string | undefined>>();
  const ofKeys = async (host: HostSettings) => {
    const look = async () => needsSystemSsh(await seenKeys(host, await agents(host.agentSocket)));
    return perhaps(await once(byKeys, keySettingsId(host), look));
  };
  const ofConfiguration = async (host: HostSettings) => {
    const decides = host.trustsFilesOnly === true || (await trustOf(trusts, host))?.isPinned;
    return (host.system?.needs ?? []).filter(({ isTrust }) => isTrust !== true || !decides);
  };
  const ofAuthority = async (host: HostSettings) => {
    const place = (await trustOf(trusts, host))?.authority();
    return perhaps(place && `${place.file}:${place.line} is the @cert-authority of the host`);
  };
  // All hosts of a run have the same environment.
  let ticket: Promise<boolean> | undefined;
  const ofTicket = async ({ system }: HostSettings) => {
    if (system?.wantsGssapi !== true) return [];
    ticket ??= mayHaveTicket(system.config.env);
    return perhaps(
      (await ticket) ? "GSSAPIAuthentication is on, and there is a ticket" : undefined,
    );
  };
  return {
    ofKeys,
    of: async (host) => [
      ...(await ofConfiguration(host)),
      ...(await ofKeys(host)),
      ...(await ofAuthority(host)),
      ...(await ofTicket(host)),
    ],
  };
}

/** `undefined` where a file can't be read: whoever needs it will say so. */
async function trustOf(trusts: HostTrusts, host: HostSettings): Promise<HostTrust | undefined> {
  return await trusts.of(host).catch(() => undefined);
}

function perhaps(why: string | undefined): readonly SystemNeed[] {
  return why === undefined ? [] : [{ why, isVital: false }];
}
