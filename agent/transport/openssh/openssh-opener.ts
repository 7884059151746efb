import { PullcastError } from "../../errors.ts";
import type { ExecOutcome, HostKeyBy } from "../../model.ts";
import { limitsFor } from "../host-settings.ts";
import type { HostTrust, HostTrusts } from "../host-trust.ts";
import { refuseOtherLogin } from "../other-login.ts";
import { ProgramRun } from "../program-run.ts";
import type { HostRoute } from "../resolve-host.ts";
import type { RouteOpener } from "../route-opener.ts";
import { hostPort, systemCode } from "../ssh-error.ts";
import type { StartLimits } from "../start-limits.ts";
import type { ExecRequest, PhaseLimits, Session } from "../transport.ts";
import { awaitBegin, marked, type SshEnd } from "./await-begin.ts";
import { childEnv } from "./child-env.ts";
import { sshArguments } from "./ssh-arguments.ts";
import { sshFailure } from "./ssh-failure.ts";
import { SshProcess } from "./ssh-process.ts";
import { prepareFile, refuseHostKey, trustedSettings } from "./trusted-settings.ts";

interface OpensshOptions {
  readonly limits: PhaseLimits;
  readonly starts: StartLimits;
  /** Reads each set of known_hosts files once. */
  readonly trusts: HostTrusts;
}

/** Sessions by the system's `ssh`: a process for each program, which connects and logs in by itself. */
export function createOpensshOpener(options: OpensshOptions): RouteOpener {
  const sessions = new Set<Session>();
  return {
    async open({ host, jumps }, signal) {
      signal.throwIfAborted();
      const { trusts } = options;
      const trust = await trusts.of(host);
      const trustedJumps = jumps.map(async (jump) => trustedSettings(jump, await trusts.of(jump)));
      const route: TrustedRoute = {
        host: trustedSettings(host, trust),
        jumps: await Promise.all(trustedJumps),
        trust,
      };
      for (const each of [route.host, ...route.jumps]) await prepareFile(each);
      const running = new Set<SshProcess>();
      let last: SshProcess | undefined;
      let begun = false;
      const session: Session = {
        user: host.user,
        get hostKeyFingerprint() {
          return last?.log.facts.hostKey?.split(" ")[1];
        },
        get begun() {
          return begun;
        },
        get hostKeyAdded() {
          return last?.log.facts.hostKeyAdded ?? false;
        },
        get hostKeyBy() {
          if (last === undefined) return undefined;
          return last.log.facts.hostKeyAdded ? "accepted" : voucherOf(trust);
        },
        run: (request) =>
          runOverSsh(route, request, {
            ...options,
            onStart: (ssh) => {
              last = ssh;
              running.add(ssh);
            },
            onBegin: () => {
              begun = true;
            },
          }),
        async close() {
          sessions.delete(session);
          await Promise.all([...running].map((ssh) => ssh.close(options.limits.teardownMs)));
        },
      };
      sessions.add(session);
      return session;
    },
    async close() {
      await Promise.all([...sessions].map((session) => session.close()));
    },
  };
}

/** A way to a host by settings that check host keys as we do. */
interface TrustedRoute extends HostRoute {
  /** What decides about the host's key. */
  readonly trust: HostTrust;
}

function voucherOf(trust: HostTrust): HostKeyBy {
  if (trust.isPinned) return "pinned";
  return trust.authority() === undefined ? "known-hosts" : "certificate-authority";
}

interface RunOptions extends OpensshOptions {
  readonly onStart: (ssh: SshProcess) => void;
  /** Called when the program begins: before, nothing was sent. */
  readonly onBegin: () => void;
}

async function runOverSsh(
  route: TrustedRoute,
  request: ExecRequest,
  { limits: usual, starts, onStart, onBegin }: RunOptions,
): Promise<ExecOutcome> {
  const { signal } = request;
  const at = placeOf(route);
  const limits = limitsFor(route.host, usual);
  const args = sshArguments(route, { command: marked(request.command), limits });
  const start = async () => {
    signal.throwIfAborted();
    const ssh = new SshProcess({
      program: route.host.system?.config.program ?? "ssh",
      args,
      ...childEnv(route.host),
    });
    onStart(ssh);
    try {
      const begin = await awaitBegin(ssh, { at, limits, signal });
      // Whoever limits starts must see how this one failed.
      if (begin.type === "ended") return { ssh, ended: outcomeOf(ssh, begin, { at, route }) };
      refuseHostKey(ssh.log, { at, host: route.host, trust: route.trust });
      return { ssh };
    } catch (error) {
      await ssh.close(limits.teardownMs);
      throw error;
    }
  };
  const { ssh, ended } = await starts.run(start, {
    host: route.host,
    jump: route.jumps.at(-1),
    signal,
  });
  if (ended === undefined) onBegin();
  try {
    const outcome = ended ?? (await new ProgramRun(ssh.channel(), { at, limits, request }).end());
    refuseOtherLogin(at, outcome);
    return outcome;
  } finally {
    await ssh.close(limits.teardownMs);
  }
}

function placeOf({ host, jumps }: HostRoute): string {
  const vias = jumps.map((jump) => hostPort(jump.host, jump.port));
  // As over ssh2: the last hop first.
  return [hostPort(host.host, host.port), ...vias.reverse()].join(" via ");
}

/** The node ran something else in our program's place, or ssh failed. */
function outcomeOf(
  ssh: SshProcess,
  { end, stdout }: SshEnd,
  { at, route }: { readonly at: string; readonly route: TrustedRoute },
): ExecOutcome {
  const { log } = ssh;
  if (end instanceof Error) throw notStarted(end, route);
  if (end !== null && (end !== 255 || log.facts.exitStatus === 255)) {
    return { end: { type: "exit", code: end }, stdout, stderr: `${log.words.join("\n")}\n` };
  }
  const command = route.host.system?.answer.get("proxycommand")?.[0] ?? "none";
  // A jump host's key may be the one refused.
  const trust = route.jumps.length === 0 ? route.trust : undefined;
  throw sshFailure(log, { at, user: route.host.user, isProxied: command !== "none", trust });
}

function notStarted(cause: Error, { host }: HostRoute): PullcastError {
  const program = host.system?.config.program ?? "ssh";
  return new PullcastError("PC240", {
    phase: "resolve",
    detail: `${program} can't be run (${systemCode(cause)})`,
    cause,
  });
}
