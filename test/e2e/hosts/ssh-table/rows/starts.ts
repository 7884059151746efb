import { hostBlock, onServer } from "../block.ts";
import { occupy, startForward } from "../forward.ts";
import { NotHere, type Row } from "../model.ts";
import type { ServerSettings } from "../servers.ts";

/** At 2 unfinished logins sshd begins to drop others by chance, at 4 it drops all. */
const MAX_STARTUPS: ServerSettings = { config: ["MaxStartups 2:50:4"] };
const MAX = 4;
const BEHIND = 6;

/** What sshd allows at once, and to whom. */
export const STARTS: readonly Row[] = [
  {
    title: "MaxStartups is 2:50:4, and others take all starts for good",
    scene: async ({ servers }) => {
      const server = await servers.start(MAX_STARTUPS);
      return async (home) => {
        await occupy(home, server, MAX);
        return { config: await hostBlock(home, server) };
      };
    },
    ssh: "closed",
  },
  {
    title: "MaxStartups is 2:50:4, and others take all starts until the first try failed",
    scene: async ({ servers }) => {
      const server = await servers.start(MAX_STARTUPS);
      return async (home) => {
        const leave = await occupy(home, server, MAX);
        const { port } = await startForward(home, server, { host: "127.0.0.1", onEnd: leave });
        const lines = ["HostName 127.0.0.1", `Port ${port}`];
        const known = server.known({ as: `[127.0.0.1]:${port}` });
        return { config: await hostBlock(home, server, { lines, known }) };
      };
    },
    ssh: "closed",
    differs: { ours: "ok", why: "a busy server is tried again a moment later" },
  },
  {
    title: `${BEHIND} hosts are behind a jump host whose MaxStartups is 2:50:4`,
    scene: async ({ servers }) => {
      const jump = await servers.start({ config: ["MaxStartups 2:50:4", "MaxSessions 0"] });
      const target = await servers.start({ isInner: true });
      const aliases = Array.from({ length: BEHIND }, (_, index) => `web${index}`);
      return async (home) => {
        const lines = ["ProxyJump jump"];
        const blocks = [
          await hostBlock(home, jump, { alias: "jump" }),
          await hostBlock(home, target, { alias: "web*", lines }),
        ];
        return { config: blocks.join("\n"), aliases };
      };
    },
    ssh: "ok",
  },
  { title: "MaxSessions is 1", scene: onServer({ config: ["MaxSessions 1"] }), ssh: "ok" },
  {
    title: "MaxSessions is 0: the server only forwards",
    scene: onServer({ config: ["MaxSessions 0"] }),
    ssh: "no program",
  },
  {
    title: "PerSourcePenalties stop this address after a refused login",
    scene: async ({ keys, servers }) => {
      const version = await servers.version();
      if (!(await servers.knows("PerSourcePenalties yes"))) {
        throw new NotHere(`the bed's sshd, ${version}, has no PerSourcePenalties`);
      }
      const server = await servers.start({
        config: ["PerSourcePenalties authfail:600s min:1s"],
        authorized: [keys.line("ed25519")],
      });
      return async (home) => {
        const refused = await hostBlock(home, server, { alias: "refused", key: "stranger1" });
        const config = await home.file("refused-config", refused);
        const ssh = `ssh -F ${config} -o BatchMode=yes refused true 2>/dev/null || true`;
        await home.run("sh", "-c", ssh);
        return { config: await hostBlock(home, server) };
      };
    },
    ssh: "closed",
  },
];
