import { PullcastError } from "../../errors.ts";
import type { ExecOutcome } from "../../model.ts";
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

interface OpensshOptions {
  readonly limits: PhaseLimits;
  readonly starts: StartLimits;
}

/** Sessions by the system's `ssh`: a process for each program, which connects and logs in by itself. */
export function createOpensshOpener(options: OpensshOptions): RouteOpener {
  const sessions = new Set<Session>();
  return {
    async open(route, signal) {
      signal.throwIfAborted();
      const running = new Set<SshProcess>();
      let last: SshProcess | undefined;
      const session: Session = {
        user: route.host.user,
        get hostKeyFingerprint() {
          return last?.log.facts.hostKey?.split(" ")[1];
        },
        get hostKeyAdded() {
          return last?.log.facts.hostKeyAdded ?? false;
        },
        run: (request) =>
          runOverSsh(route, request, {
            ...options,
            onStart: (ssh) => {
              last = ssh;
              running.add(ssh);
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

interface RunOptions extends OpensshOptions {
  readonly onStart: (ssh: SshProcess) => void;
}

async function runOverSsh(
  route: HostRoute,
  request: ExecRequest,
  { limits, starts, onStart }: RunOptions,
): Promise<ExecOutcome> {
  const { signal } = request;
  const at = placeOf(route);
  const args = sshArguments(route, { command: marked(request.command), limits });
  const start = async () => {
    signal.throwIfAborted();
    const ssh = new SshProcess({
      program: route.host.system?.config.program ?? "ssh",
      args,
      ...childEnv(route.host),
    });
    onStart(ssh);
    return {
      ssh,
      begin: await awaitBegin(ssh, { at, limits, signal }).catch(endWith(ssh, limits)),
    };
  };
  const { ssh, begin } = await starts.run(route.jumps.at(-1), start);
  try {
    const outcome =
      begin.type === "begun"
        ? await new ProgramRun(ssh.channel(), { at, limits, request }).end()
        : outcomeOf(ssh, begin, { at, route });
    refuseOtherLogin(at, outcome);
    return outcome;
  } finally {
    await ssh.close(limits.teardownMs);
  }
}

/** No process outlives a failure. */
function endWith(ssh: SshProcess, { teardownMs }: PhaseLimits): (error: unknown) => Promise<never> {
  return async (error) => {
    await ssh.close(teardownMs);
    throw error;
  };
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
  { at, route }: { readonly at: string; readonly route: HostRoute },
): ExecOutcome {
  const { log } = ssh;
  if (end instanceof Error) throw notStarted(end, route);
  if (end !== null && (end !== 255 || log.facts.exitStatus === 255)) {
    return { end: { type: "exit", code: end }, stdout, stderr: `${log.words.join("\n")}\n` };
  }
  const command = route.host.system?.answer.get("proxycommand")?.[0] ?? "none";
  throw sshFailure(log, { at, user: route.host.user, isProxied: command !== "none" });
}

function notStarted(cause: Error, { host }: HostRoute): PullcastError {
  const program = host.system?.config.program ?? "ssh";
  return new PullcastError("PC240", {
    phase: "resolve",
    detail: `${program} can't be run (${systemCode(cause)})`,
    cause,
  });
}
