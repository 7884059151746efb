/** Lines kept of ssh's own words: a failure takes a dozen. */
export const MAX_WORDS = 64;
const MAX_LINE = 1024;
const MAX_KEYS = 16;

/** How far ssh has come with one host. */
export type SshStep = "connect" | "handshake" | "auth" | "channel";

/** What ssh has told of its work. */
export interface SshFacts {
  step: SshStep;
  /** Whether it tells its steps at all: another program in ssh's place may not. */
  isSpeaking: boolean;
  /** What the server said before SSH. */
  greeting: string;
  /** Whether the server spoke SSH. */
  heardPeer: boolean;
  /** `TYPE SHA256:…` of the host key that the server showed. */
  hostKey: string | undefined;
  /** Whether a new host key went into known_hosts. */
  hostKeyAdded: boolean;
  /** Keys that were offered, as ssh names them. */
  readonly offered: string[];
  /** Methods that the server said it accepts, comma-separated. */
  methods: string;
  /** The program's exit code as ssh got it; -1 where it got none; `undefined` where ssh didn't say. */
  exitStatus: number | undefined;
}

interface Rule {
  readonly steps: readonly SshStep[];
  readonly pattern: RegExp;
  readonly note: (facts: SshFacts, text: string) => void;
}

const BEFORE_CHANNEL: readonly SshStep[] = ["connect", "handshake", "auth"];

/** Texts of OpenSSH 7.6 to 10, without `debug1: `; each counts only at its own step. */
const RULES: readonly Rule[] = [
  {
    steps: ["connect"],
    pattern: /^(?:Connection established|Executing proxy |Local version string)/,
    note: (facts) => {
      facts.step = "handshake";
    },
  },
  {
    steps: ["handshake"],
    pattern: /^\w*_exchange_identification: (?:banner line \d+: |(?!Connection |read))(.*)/,
    note: (facts, text) => {
      if (facts.greeting.length < MAX_LINE) facts.greeting += `${text}\n`;
    },
  },
  {
    steps: ["handshake"],
    pattern: /^Remote protocol version/,
    note: (facts) => {
      facts.heardPeer = true;
    },
  },
  {
    steps: ["handshake"],
    pattern: /^Server host key: (\S+ SHA256:\S+)/,
    note: (facts, text) => {
      facts.hostKey ??= text;
    },
  },
  {
    steps: ["handshake"],
    pattern: /^Warning: Permanently added /,
    note: (facts) => {
      facts.hostKeyAdded = true;
    },
  },
  {
    steps: ["handshake"],
    pattern: /^SSH2_MSG_NEWKEYS received/,
    note: (facts) => {
      facts.step = "auth";
    },
  },
  {
    steps: ["auth"],
    pattern: /^Authentications that can continue: (.*)/,
    note: (facts, text) => {
      facts.methods = text;
    },
  },
  {
    steps: ["auth"],
    pattern: /^Offering (?:\S+ )?public key: (.*?)(?: (?:explicit|agent|token))*$/,
    note: (facts, text) => {
      if (facts.offered.length < MAX_KEYS) facts.offered.push(text);
    },
  },
  {
    // Through the user's own master connection nothing comes before it.
    steps: BEFORE_CHANNEL,
    pattern:
      /^(?:Authenticated to |Authentication succeeded|Entering interactive session|mux_client_request_session: master session id)/,
    note: (facts) => {
      facts.step = "channel";
    },
  },
  {
    steps: ["channel"],
    pattern: /^Exit status (-?\d+)$/,
    note: (facts, text) => {
      facts.exitStatus = Number(text);
    },
  },
];

/**
 * What ssh tells on standard error with LogLevel=DEBUG1, line by line. A fact counts only where ssh comes to it in
 * its order: what a node makes ssh print before or after changes none.
 */
export class SshLog {
  readonly #words: string[] = [];
  readonly facts: SshFacts = {
    step: "connect",
    isSpeaking: false,
    greeting: "",
    heardPeer: false,
    hostKey: undefined,
    hostKeyAdded: false,
    offered: [],
    methods: "",
    exitStatus: undefined,
  };

  /** Lines for people, those of a jump host's ssh and of a ProxyCommand among them. */
  get words(): readonly string[] {
    return this.#words;
  }

  /**
   * Takes one line without its end.
   * @returns whether it is ssh's debugging, nobody's words
   */
  add(line: string): boolean {
    const [, debug] = /^debug1: (.*)/.exec(line) ?? [];
    const fact = debug ?? line;
    for (const { steps, pattern, note } of RULES) {
      const match = steps.includes(this.facts.step) ? pattern.exec(fact) : null;
      if (match !== null) note(this.facts, match[1] ?? "");
    }
    if (debug !== undefined) this.facts.isSpeaking = true;
    const isNoise =
      debug !== undefined ||
      /^(?:OpenSSH_|Authenticated to |Transferred: |Bytes per second: )/.test(line);
    if (!isNoise && line.trim() !== "") this.#keep(line.slice(0, MAX_LINE));
    return isNoise;
  }

  #keep(line: string): void {
    this.#words.push(line);
    // The first lines name the cause, the last ones tell how it ended.
    if (this.#words.length > MAX_WORDS) this.#words.splice(MAX_WORDS / 2, 1);
  }
}
