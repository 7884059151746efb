import type { SshAgent } from "../../../rig/ssh-agent.ts";
import type { KeyName, Keys } from "./keys.ts";
import type { Servers } from "./servers.ts";

/** How an attempt to run a program on a host ended, for ssh and pullcast alike. */
export type Verdict =
  | "ok"
  | "no name"
  | "refused"
  | "no answer"
  | "no route"
  | "closed"
  | "no algorithm"
  | "unknown key"
  | "changed key"
  | "revoked key"
  | "no login"
  | "no forwarding"
  | "no program"
  | "no sudo"
  | "bad config"
  | "not supported"
  | "silent"
  | "waits"
  | "other";

/** How pullcast is told to reach hosts. */
export type Transport = "ssh2" | "openssh" | "auto";

/** Thrown where this machine or the bed lacks what a row is about; the row is listed with the reason. */
export class NotHere extends Error {}

/** A user's files for one program of one row, and what goes with them. */
export interface Home {
  /** 0700, of this program alone, without a space in its path. */
  readonly dir: string;
  /** Writes a file, 0600 unless told otherwise, and returns its path. */
  file(name: string, content: string, mode?: number): Promise<string>;
  /** Copies a private key and its public half here, and returns the private half's path. */
  key(name: KeyName, as?: string): Promise<string>;
  /** An ssh-agent with these keys, in order. */
  agent(...keys: readonly KeyName[]): Promise<SshAgent>;
  /** Runs something to its end; it must end well. */
  run(command: string, ...args: readonly string[]): Promise<void>;
  /** Stops something when the row has ended. */
  onEnd(stop: () => unknown): void;
}

/** What one program is given. */
export interface Client {
  /** The text of ssh's configuration. */
  readonly config: string;
  /** What is asked for, one after another by ssh and at once by pullcast; `web` unless told otherwise. */
  readonly aliases?: readonly string[];
  /** ssh waits for ever here: it is stopped after so many ms. */
  readonly sshWaits?: number;
  /** Both are run on a terminal, where this is typed at each question for a secret. */
  readonly typed?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** More of pullcast's arguments. */
  readonly args?: readonly string[];
}

/** What the rows share. */
export interface Table {
  readonly keys: Keys;
  readonly servers: Servers;
}

/** What pullcast makes of a row where that is not ssh's verdict, and why it may. */
export interface Difference {
  /** Over all transports, or over some; the others end as ssh does. */
  readonly ours: Verdict | Readonly<Partial<Record<Transport, Verdict>>>;
  readonly why: string;
}

/** One setting, tried with ssh and with pullcast over each of its transports. */
export interface Row {
  /** What the user has: the rest of "… where". */
  readonly title: string;
  /** Makes what both programs meet, once; it hands back what makes one program's own files. */
  readonly scene: (table: Table) => Promise<(home: Home) => Promise<Client>>;
  /** ssh's verdict. */
  readonly ssh: Verdict;
  readonly differs?: Difference;
}
