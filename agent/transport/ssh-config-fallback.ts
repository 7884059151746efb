import { readFile, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import { PullcastError } from "../errors.ts";
import type { SshAnswer } from "./ask-ssh.ts";
import { matchesHostLine } from "./host-patterns.ts";
import { onlySsh, parseSshConfig, type SshSetting } from "./parse-ssh-config.ts";
import { type SshConfigFile, sshConfigFiles } from "./ssh-config-files.ts";
import { systemCode } from "./ssh-error.ts";
import type { SshConfig } from "./transport.ts";

/** ssh's configuration as far as it can be told without ssh. */
export interface SshConfigReader {
  /**
   * What `ssh -G` would say of a name, of the keywords that are read here; paths and their tokens as written.
   * @throws {PullcastError} PC266 where only ssh can tell
   */
  answer(alias: string): SshAnswer;
  /** Where the value that counts for a name stands: `FILE:LINE` or `-o`. */
  placeOf(alias: string, keyword: string): string | undefined;
  /** Names of settings that are there and not read, in the order of their first. */
  readonly ignored: readonly string[];
}

/** Settings that are read; all others are ignored, and told so. */
const READ: ReadonlySet<string> = new Set([
  ...["hostname", "port", "user", "hostkeyalias", "stricthostkeychecking"],
  ...["identityfile", "identitiesonly", "identityagent"],
  ...["userknownhostsfile", "globalknownhostsfile"],
  ...["proxyjump", "proxycommand", "canonicalizehostname"],
]);

/** Words as `ssh -G` prints them. */
const WORDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  identitiesonly: { yes: "yes", true: "yes", no: "no", false: "no" },
  stricthostkeychecking: {
    ...{ yes: "true", true: "true", no: "false", false: "false", off: "false" },
    ...{ ask: "ask", "accept-new": "accept-new" },
  },
  canonicalizehostname: { no: "false", false: "false" },
};

/**
 * Reads ssh's configuration where there is no ssh to ask: `-o`, then `-F` or the user's file and the system's;
 * of a setting's values the first counts (ssh_config(5)). What only ssh can do is refused, never guessed.
 *
 * @throws {PullcastError} PC235 where a file can't be read, PC266 where it holds `Include` or `Match`
 */
export async function readSshConfig(config: SshConfig): Promise<SshConfigReader> {
  const settings: SshSetting[] = [];
  const add = async (text: string, where: string) => {
    const isFree = (keyword: string) => keyword === "proxycommand" || !isRead(keyword);
    settings.push(...(await parseSshConfig(text, { where, isFree })));
  };
  for (const option of config.options) await add(option, "-o");
  for (const file of sshConfigFiles(config)) await add(await readText(file), file.path);
  const about = (alias: string) =>
    settings.filter(({ hosts }) => hosts === undefined || matchesHostLine(alias, hosts));
  return {
    ignored: settings
      .filter(({ keyword }) => !isRead(keyword))
      .filter((one, at, all) => all.findIndex(({ keyword }) => keyword === one.keyword) === at)
      .map(({ name }) => name),
    answer: (alias) => answerFrom(about(alias), alias),
    placeOf: (alias, keyword) => about(alias).find((one) => one.keyword === keyword)?.place,
  };
}

function isRead(keyword: string): boolean {
  return keyword === "host" || READ.has(keyword);
}

async function readText({ path, kind }: SshConfigFile): Promise<string> {
  const unusable = (why: string, cause?: unknown) =>
    new PullcastError("PC235", {
      phase: "resolve",
      detail: `${path}: ${why}`,
      fix: "check its path, owner and mode, or give --ssh-config",
      cause,
    });
  try {
    const { uid, mode } = await stat(path);
    // readconf.c: only the user's own file is held to this.
    const isOurs = uid === 0 || uid === userInfo().uid;
    if (kind === "user" && !(isOurs && (mode & 0o022) === 0))
      throw unusable("others may change it");
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof PullcastError) throw error;
    const code = systemCode(error);
    if (code === "ENOENT" && kind !== "given") return "";
    throw unusable(`it can't be read (${code})`, error);
  }
}

function answerFrom(settings: readonly SshSetting[], alias: string): SshAnswer {
  const answer = new Map<string, readonly string[]>();
  for (const setting of settings) {
    const { keyword } = setting;
    if (!READ.has(keyword)) continue;
    const before = answer.get(keyword);
    if (keyword === "identityfile") {
      answer.set(keyword, [...new Set([...(before ?? []), ...printed(setting, alias)])]);
    } else if (before === undefined && !isBehindProxy(keyword, answer)) {
      answer.set(keyword, printed(setting, alias));
    }
  }
  const command = answer.get("proxycommand")?.[0] ?? "none";
  if (command !== "none") {
    const place = settings.find(({ keyword }) => keyword === "proxycommand")?.place ?? alias;
    throw onlySsh(place, "ProxyCommand");
  }
  return new Map([
    ["user", [userInfo().username]],
    ["port", ["22"]],
    ["hostname", [alias.toLowerCase()]],
    ...answer,
    ["host", [alias]],
  ]);
}

/** ProxyJump and ProxyCommand: the one that comes first counts, also as `none`. */
function isBehindProxy(keyword: string, answer: SshAnswer): boolean {
  return (
    (keyword === "proxyjump" && answer.get("proxycommand") !== undefined) ||
    (keyword === "proxycommand" && answer.get("proxyjump") !== undefined)
  );
}

/** A setting's values as `ssh -G` prints them. */
function printed({ keyword, name, values, place }: SshSetting, alias: string): readonly string[] {
  const [value = ""] = values;
  const words = WORDS[keyword];
  if (words !== undefined) {
    const word = words[value.toLowerCase()];
    if (word === undefined) throw onlySsh(place, `${name} ${value}`);
    return [word];
  }
  switch (keyword) {
    case "hostname":
      // Only these tokens may stand there (ssh_config(5), TOKENS).
      if (/%(?![%h])/.test(value.replaceAll("%%", ""))) throw onlySsh(place, `${name} ${value}`);
      return [
        value.replaceAll(/%([%h])/g, (_, t: string) => (t === "h" ? alias : "%")).toLowerCase(),
      ];
    case "port":
      if (!/^\d{1,5}$/.test(value)) throw onlySsh(place, `${name} ${value}`);
      return [value];
    case "userknownhostsfile":
    case "globalknownhostsfile":
      // ssh prints them in one line, where a space ends a name.
      if (values.some((file) => file.includes(" "))) throw onlySsh(place, `a space in ${name}`);
      return [values.join(" ")];
    default:
      return [value];
  }
}
