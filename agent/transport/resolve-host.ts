import { access } from "node:fs/promises";
import { userInfo } from "node:os";
import { join, normalize } from "node:path";
import pLimit from "p-limit";
import { describeCode, PullcastError } from "../errors.ts";
import { BY_TEMPLATE, type Notice, type Target } from "../model.ts";
import { cleanText } from "../util/clean-text.ts";
import { once } from "../util/once.ts";
import { askForFiles, askSsh, isHostAlias, type SshAnswer } from "./ask-ssh.ts";
import { type HostPatterns, readHostPatterns } from "./host-patterns.ts";
import {
  configuredSettings,
  type Endpoint,
  type HostSettings,
  isNeverCompared,
  plainSettings,
} from "./host-settings.ts";
import { parseProxyJump } from "./proxy-jump.ts";
import { createSshAsker } from "./ssh-asker.ts";
import { readSshConfig, type SshConfigReader } from "./ssh-config-fallback.ts";
import { sshConfigFiles } from "./ssh-config-files.ts";
import type { SshConfig, SshOptions } from "./transport.ts";
import { VariedAnswer, variedFrom } from "./varied-answer.ts";

/** Processes of ssh at once. */
const AT_ONCE = 8;

/** A name that no `Host` line is about: what ssh says of it, it says of every host. */
const NOBODY = "host.invalid";

/** The way to a host. */
export interface HostRoute {
  readonly host: HostSettings;
  /** Hosts to go through, the one reached first first. */
  readonly jumps: readonly HostSettings[];
}

/** Finds out how hosts are reached, for a whole run. */
export interface HostResolver {
  /**
   * Asks ssh about no host in particular, once however often it is called.
   * @returns what the user should know of how the configuration was read
   * @throws {PullcastError} PC235 where it refuses its configuration, PC266 where only ssh could read it
   */
  prepare(): Promise<readonly Notice[]>;
  /** @throws {PullcastError} PC233, PC266 */
  routeTo(target: Target): Promise<HostRoute>;
  /** Whether ssh's configuration says something about this very name. */
  isConfigured(name: string): Promise<boolean>;
  /** Where the value that counts for a host stands, `FILE:LINE` or `-o`; `undefined` where only ssh can tell. */
  placeOf(host: HostSettings, keyword: string): Promise<string | undefined>;
}

/**
 * Resolves hosts as the user's ssh would. Without ssh's configuration the plain settings hold, without the program
 * pullcast reads the configuration itself.
 * A node of a cluster is looked up by what a host template made of it, else by its name if the configuration is
 * about that name, else by its address.
 */
export function createHostResolver(options: SshOptions): HostResolver {
  const { config } = options;
  if (config === undefined) {
    return {
      prepare: async () => [],
      routeTo: async (target) => ({ host: plainSettings(target, options), jumps: [] }),
      isConfigured: async () => false,
      placeOf: async () => undefined,
    };
  }
  const answers = new Answers(config);
  const isConfigured = async (name: string) => {
    const anybodys = await answers.anybodys;
    const own = await answers.of(name);
    return own !== undefined && anybodys !== undefined && !sameAnswer(own, name, anybodys);
  };
  // ssh hands its -F on to jump hosts, not its -o.
  let hopAnswers = config.options.length === 0 ? answers : undefined;
  const forHops = () => {
    hopAnswers ??= new Answers({ ...config, options: [] });
    return hopAnswers;
  };
  const jumps = new Map<string, Promise<readonly HostSettings[]>>();
  return {
    prepare: async () => {
      await answers.anybodys;
      return await answers.notices();
    },
    isConfigured,
    placeOf: async ({ system, asJump }, keyword) =>
      system === undefined
        ? undefined
        : await (asJump === undefined ? answers : forHops()).placeOf(system.alias, keyword),
    routeTo: async (target) => {
      const alias = (await isAskedByName(target, isConfigured)) ? target.name : target.host;
      const isUsersChoice = target.node === undefined;
      const settings = await settingsOf(target, { alias, options, answers, isUsersChoice });
      const { proxyJump } = settings;
      if (proxyJump === undefined) return { host: settings, jumps: [] };
      const hops = once(jumps, proxyJump, () =>
        jumpsOf(proxyJump, { options: forJumps(options), answers: forHops(), seen: new Set() }),
      );
      return { host: settings, jumps: await hops };
    },
  };
}

/** A host that a template made is what the user wants ssh to be asked about. */
async function isAskedByName(
  { name, host, node, addressKind }: Target,
  isConfigured: HostResolver["isConfigured"],
): Promise<boolean> {
  if (node === undefined || name === host || addressKind === BY_TEMPLATE) return false;
  return await isConfigured(name);
}

async function settingsOf(
  target: Endpoint,
  {
    alias,
    options,
    answers,
    isUsersChoice,
  }: {
    readonly alias: string;
    readonly options: SshOptions;
    readonly answers: Answers;
    readonly isUsersChoice: boolean;
  },
): Promise<HostSettings> {
  const [answer, usual, config] = await Promise.all([
    answers.of(alias),
    answers.usual,
    answers.config,
  ]);
  return answer === undefined
    ? plainSettings(target, options)
    : configuredSettings(target, { options, config, alias, answer, usual, isUsersChoice });
}

/** Login name and port of the command line are the nodes', as with ssh. */
function forJumps(options: SshOptions): SshOptions {
  const { user: _user, port: _port, ...rest } = options;
  return rest;
}

/** As ssh does it: the first hop may have jumps of its own, the others are reached through the one before. */
async function jumpsOf(
  proxyJump: string,
  walk: {
    readonly options: SshOptions;
    readonly answers: Answers;
    readonly seen: ReadonlySet<string>;
  },
): Promise<readonly HostSettings[]> {
  const hops = parseProxyJump(proxyJump);
  if (hops === undefined) {
    throw new PullcastError("PC233", {
      phase: "resolve",
      detail: `ProxyJump ${cleanText(proxyJump, 200)} can't be read`,
      fix: "write it as [USER@]HOST[:PORT], comma-separated",
    });
  }
  const route: HostSettings[] = [];
  for (const [index, { alias, user, port }] of hops.entries()) {
    const settings = await settingsOf(
      { host: alias, ...(port === undefined ? {} : { port }) },
      {
        alias,
        options: user === undefined ? walk.options : { ...walk.options, user },
        answers: walk.answers,
        isUsersChoice: true,
      },
    );
    const own = index === 0 ? settings.proxyJump : undefined;
    if (own !== undefined && !walk.seen.has(own)) {
      const seen = new Set([...walk.seen, own]);
      route.push(...(await jumpsOf(own, { ...walk, seen })));
    }
    route.push({
      ...settings,
      asJump: {
        ...(user === undefined ? {} : { user }),
        ...(port === undefined ? {} : { port }),
      },
    });
  }
  return route;
}

/** ssh's answers, asked for once for all hosts that its configuration treats alike. */
class Answers {
  /** How ssh is asked. */
  readonly config: Promise<SshConfig>;
  readonly #asker: Promise<(alias: string) => Promise<SshAnswer | undefined>>;
  readonly #limit = pLimit(AT_ONCE);
  readonly #byAlias = new Map<string, Promise<SshAnswer | undefined>>();
  readonly #bySignature = new Map<string, Promise<SharedAnswer | undefined>>();
  readonly #patterns: Promise<HostPatterns | undefined>;
  #reader: Promise<SshConfigReader> | undefined;
  /** Whether there is no ssh program. */
  #isAlone = false;
  /** What ssh would say about any host if nothing were configured; `undefined` where nothing is that it would tell. */
  readonly usual: Promise<SshAnswer | undefined>;
  /** What ssh says about every host; fails where it refuses its configuration. */
  readonly anybodys: Promise<SshAnswer | undefined>;

  /** Asks what every run needs at once: ssh works while the rest is loaded. */
  constructor(config: SshConfig) {
    this.config = atHome(config);
    this.#asker = this.config.then(createSshAsker);
    // At once: what it may serve is read while ssh is at work.
    const nobodys = this.config.then((actual) => askForFiles(actual, NOBODY));
    const answer = this.#orRead(
      nobodys.then((told) => told?.answer),
      NOBODY,
    );
    answer.catch(() => undefined);
    this.#byAlias.set(NOBODY, answer);
    this.#patterns = this.config.then(async (actual) => {
      const patterns = await readHostPatterns(sshConfigFiles(actual));
      const told = await nobodys.catch(() => undefined);
      return patterns !== undefined && hasRead(patterns, told?.files ?? []) ? patterns : undefined;
    });
    this.usual = this.config.then(async (actual) => {
      if (isEveryday(await this.#patterns, actual)) return undefined;
      const nothing = { ...actual, file: "none", options: [] };
      return (await askSsh(nothing, NOBODY)) ?? (await readSshConfig(nothing)).answer(NOBODY);
    });
    this.anybodys = this.of(NOBODY).catch((error: unknown) => {
      throw ofConfiguration(error);
    });
    // Whoever asks sees the error.
    for (const answer of [this.usual, this.anybodys]) answer.catch(() => undefined);
  }

  async of(alias: string): Promise<SshAnswer | undefined> {
    // What is no name gets ssh's refusal, not what ssh said of another.
    if (!isHostAlias(alias)) return await this.#ask(alias);
    const patterns = await this.#patterns;
    if (patterns === undefined) return await this.#ask(alias);
    const signature = patterns.signature(alias);
    const shared = once(this.#bySignature, signature, () =>
      this.#ask(alias).then((answer) => answer && shareable(answer, alias)),
    );
    // A failure names the host that was asked about: it is nobody else's.
    const answer = await shared.catch(() => null);
    if (answer === null) return await this.#ask(alias);
    if (answer === undefined) return undefined;
    return answer.for(alias) ?? (await this.#ask(alias));
  }

  #ask(alias: string): Promise<SshAnswer | undefined> {
    return once(this.#byAlias, alias, () =>
      this.#orRead(
        this.#limit(async () => (await this.#asker)(alias)),
        alias,
      ).then(async (answer) => {
        const nobodys = await this.#byAlias.get(NOBODY)?.catch(() => undefined);
        return answer && nobodys ? variedFrom(nobodys, answer) : answer;
      }),
    );
  }

  /** What ssh says; where it is not there, what its files say. */
  async #orRead(
    asked: Promise<SshAnswer | undefined>,
    alias: string,
  ): Promise<SshAnswer | undefined> {
    const answer = await asked;
    if (answer !== undefined) return answer;
    this.#isAlone = true;
    return (await this.#read()).answer(alias);
  }

  async placeOf(alias: string, keyword: string): Promise<string | undefined> {
    const reader = await this.#read().catch(() => undefined);
    return reader?.placeOf(alias, keyword);
  }

  #read(): Promise<SshConfigReader> {
    this.#reader ??= this.config.then(readSshConfig);
    return this.#reader;
  }

  /** Once something was asked. */
  async notices(): Promise<readonly Notice[]> {
    const ignored = this.#isAlone ? (await this.#read()).ignored : [];
    if (ignored.length === 0) return [];
    const names = ignored.map((name) => cleanText(name, 40)).join(", ");
    return [{ code: "PC267", message: `${describeCode("PC267").title}: ${names}` }];
  }
}

/** Whether all files that ssh read were read here too: one that is built elsewhere has its system's file elsewhere. */
function hasRead({ files }: HostPatterns, told: readonly string[]): boolean {
  const read = new Set([...files].map((path) => path.slice(0, 200)));
  return told.every((path) => read.has(normalize(path)));
}

/** Whether a configuration holds no setting that is compared with ssh's default, as most don't: ssh is asked once then. */
function isEveryday(patterns: HostPatterns | undefined, { options }: SshConfig): boolean {
  if (patterns === undefined) return false;
  const given = options.map((option) => /^\s*(\w*)/.exec(option)?.[1]?.toLowerCase() ?? "");
  return [...patterns.keywords, ...given].every((keyword) => isNeverCompared(keyword));
}

/** A refusal that is about no host in particular is a fault of the run. */
function ofConfiguration(error: unknown): unknown {
  if (!(error instanceof PullcastError) || error.code !== "PC233") return error;
  return new PullcastError("PC235", {
    phase: "resolve",
    detail: error.detail.replace(`${NOBODY}: `, ""),
    fix: error.fix.replace(NOBODY, "localhost"),
    cause: error,
  });
}

/** An answer about one name that may serve others. */
interface SharedAnswer {
  /** `undefined` where only ssh can tell. */
  for(alias: string): SshAnswer | undefined;
}

/** The keywords that tell hosts apart which ssh treats alike. */
const NAMES: ReadonlySet<string> = new Set(["host", "hostname"]);

/** What was said of one host, of another. */
class OthersAnswer extends VariedAnswer {
  readonly repeats: SshAnswer;

  constructor(said: SshAnswer, name: string) {
    const values = [name];
    super(said, new Map([...NAMES].map((keyword) => [keyword, values])));
    this.repeats = said;
  }
}

function shareable(answer: SshAnswer, alias: string): SharedAnswer {
  const said = [...answer]
    .filter(([keyword]) => !NAMES.has(keyword))
    .flatMap(([, values]) => values)
    .join("\n");
  const hostName = answer.get("hostname")?.[0] ?? alias;
  const isOwn = hostName.toLowerCase() === alias.toLowerCase();
  if (said.includes(alias) || (!isOwn && hostName.includes(alias))) {
    return { for: (other) => (other === alias ? answer : undefined) };
  }
  return {
    for: (other) => {
      // A host that others are sent through may be refused, or get no jump of its own.
      if (other !== alias && said.includes(other)) return undefined;
      return isOwn ? new OthersAnswer(answer, other) : answer;
    },
  };
}

/** Whether ssh says the same of a name as of a name that nobody configured. */
function sameAnswer(own: SshAnswer, name: string, anybodys: SshAnswer): boolean {
  if (own.size !== anybodys.size) return false;
  // A short name can stand in a value by chance, so a value may also be the same as it is.
  const isSame = (value: string, other: string | undefined) =>
    value === other || value.replaceAll(name, "%n") === other?.replaceAll(NOBODY, "%n");
  return [...own].every(([keyword, values]) => {
    const others = anybodys.get(keyword) ?? [];
    return (
      keyword === "host" ||
      (values.length === others.length &&
        values.every((value, index) => isSame(value, others[index])))
    );
  });
}

/** ssh takes the home directory from the password file, pullcast and its users from $HOME: where they differ, $HOME counts. */
async function atHome(config: SshConfig): Promise<SshConfig> {
  if (config.file !== undefined || config.homeDir === userInfo().homedir) return config;
  const file = join(config.homeDir, ".ssh", "config");
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  return { ...config, file: isThere ? file : "none" };
}
