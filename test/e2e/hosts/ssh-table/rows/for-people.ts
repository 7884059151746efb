import { join } from "node:path";
import { hostBlock, onPlain, plainBlock, ssh2Lacks } from "../block.ts";
import type { Row } from "../model.ts";

/** Settings that a person at a terminal has for sessions of their own; a push goes on all the same. */
export const FOR_PEOPLE: readonly Row[] = [
  withLines("RequestTTY is force", ["RequestTTY force"]),
  withLines("RemoteCommand starts a shell of the user's own", ["RemoteCommand tmux attach"], {
    ssh: "bad config",
    differs: { ours: "ok", why: "ssh takes a command there or in its arguments, never both" },
  }),
  {
    title: "SessionType is none",
    scene: onPlain(async (home, { servers: { plain } }) => ({
      config: await hostBlock(home, plain, { lines: ["SessionType none"] }),
      sshWaits: 3000,
    })),
    ssh: "waits",
    differs: { ours: "ok", why: "ssh runs nothing and waits; a push has something to run" },
  },
  withLines("ForkAfterAuthentication is yes", ["ForkAfterAuthentication yes"]),
  withLines("LogLevel is DEBUG3", ["LogLevel DEBUG3"]),
  {
    title: "LogLevel is QUIET, and the host's key is unknown",
    scene: plainBlock({ known: "", lines: ["LogLevel QUIET"] }),
    ssh: "silent",
    differs: { ours: "unknown key", why: "a failure is named whatever ssh's log level is" },
  },
  {
    title: "RemoteForward wants a port that is taken, and ExitOnForwardFailure is yes",
    scene: plainBlock((_, { servers: { plain } }) => ({
      lines: [`RemoteForward ${plain.port} localhost:1`, "ExitOnForwardFailure yes"],
    })),
    ssh: "no forwarding",
    differs: { ours: "ok", why: "a push needs none of the user's forwards, so none is asked for" },
  },
  withLines("LocalCommand prints something", [
    "PermitLocalCommand yes",
    "LocalCommand echo hello from here",
  ]),
  withLines("the agent, X11 and a tunnel are forwarded", [
    "ForwardAgent yes",
    "ForwardX11 yes",
    "ForwardX11Trusted yes",
    "Tunnel yes",
  ]),
  withLines("AddressFamily is inet6, and the host has an IPv4 address", ["AddressFamily inet6"], {
    ssh: "no name",
    differs: ssh2Lacks("AddressFamily", "ok"),
  }),
  withLines("PreferredAuthentications leaves keys out", ["PreferredAuthentications password"], {
    ssh: "no login",
  }),
  {
    title: "ControlMaster is auto, and the master stays",
    scene: onPlain(async (home, { servers: { plain } }) => {
      const socket = join(home.dir, "master");
      const lines = ["ControlMaster auto", `ControlPath ${socket}`, "ControlPersist 600"];
      home.onEnd(() => home.run("sh", "-c", `ssh -S ${socket} -O exit web 2>/dev/null || true`));
      return { config: await hostBlock(home, plain, { lines }) };
    }),
    ssh: "ok",
  },
  {
    title: "ControlPath leads to a socket that nobody listens on any more",
    scene: plainBlock(async (home) => ({
      lines: [`ControlPath ${await home.file("stale", "")}`],
    })),
    ssh: "ok",
  },
];

function withLines(
  title: string,
  lines: readonly string[],
  rest: Partial<Pick<Row, "ssh" | "differs">> = {},
): Row {
  return { title, scene: plainBlock({ lines }), ssh: "ok", ...rest };
}
