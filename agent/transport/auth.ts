import type { AnyAuthMethod, Prompt } from "ssh2";
import { PullcastError } from "../errors.ts";
import type { Secret } from "../secret.ts";
import { cleanText } from "../util/clean-text.ts";
import type { LoginMethod } from "./host-settings.ts";
import { type LoginTrail, loginFailure, PASSWORD } from "./login-failure.ts";
import type { LoginKey, LoginKeys } from "./login-keys.ts";
import { singleKeyAgent } from "./single-key-agent.ts";
import { sshError } from "./ssh-error.ts";
import type { Ssh2 } from "./ssh2.ts";

/** Logging in to one host: hands ssh2 one method after another, and knows why none was taken. */
export interface LoginAttempt {
  /**
   * What comes next; `false` ends the attempt.
   * @throws {PullcastError} PC264
   */
  next(methods: readonly string[] | null, partial: boolean | null): Promise<AnyAuthMethod | false>;
  /** What was offered last: after a login what let it in. */
  last(): string;
  /** What became of the password, as far as the host has told. */
  password(): "unsent" | "sent" | "refused" | "taken";
  /** What to say when the login failed. */
  failure(cause?: unknown): PullcastError;
  /** What to say when the host wants a new password. */
  expired(): PullcastError;
}

/** What a login may do with its connection. */
export interface LoginLink {
  /** The host's time stands still: a person or an agent is waited for. */
  during<T>(work: Promise<T>): Promise<T>;
  /** Ends the connection. */
  fail(cause: unknown): void;
}

export interface LoginRequest {
  readonly ssh2: Ssh2;
  /** `host:port`, for messages. */
  readonly at: string;
  readonly user: string;
  /** The methods that may be used, in order. */
  readonly methods: readonly LoginMethod[];
  readonly keys: LoginKeys;
  /** Absent where no password is to be used. */
  readonly password: (() => Promise<Secret>) | undefined;
}

/** What the host was offered. */
interface Offer {
  readonly label: string;
  /** Whether ssh2 1.17 keeps the host's answer to itself, as it does for agents' keys. */
  readonly isBlind?: boolean;
  /** Whether the host had said that it would take the key, and got the signature. */
  readonly isSigned?: boolean;
}

type Step = { readonly key: LoginKey } | { readonly method: Exclude<LoginMethod, "publickey"> };

/**
 * Starts a login. The first key is offered at once, which saves a round trip. `none` asks for the methods first where
 * there is no key, or somebody is asked before it can be offered, or a password may be used. The password leaves once
 * at most: what refused it gets no second try, which would only count towards a lock-out.
 */
export function startLogin(request: LoginRequest, link: LoginLink): LoginAttempt {
  return new Attempt(request, link);
}

class Attempt implements LoginAttempt {
  readonly #request: LoginRequest;
  readonly #link: LoginLink;
  readonly #trail: LoginTrail = { offered: [], taken: [], accepts: undefined };
  #steps: readonly Step[];
  /** What the host is judging. */
  #last: Offer | undefined;
  #asksMethods: boolean;

  constructor(request: LoginRequest, link: LoginLink) {
    this.#request = request;
    this.#link = link;
    this.#steps = stepsOf(request);
    const [first] = this.#steps;
    const isReady = first !== undefined && "key" in first && !first.key.isHidden;
    this.#asksMethods = !isReady || request.password !== undefined;
  }

  async next(left: readonly string[] | null, partial: boolean | null) {
    this.#judged(left, partial === true);
    if (this.#asksMethods) return this.#askMethods();
    for (;;) {
      const step = this.#takeStep();
      if (step === undefined) return this.#trail.accepts === undefined && this.#askMethods();
      const method = await this.#method(step);
      if (method !== undefined) return method;
    }
  }

  last(): string {
    return this.#trail.offered.at(-1) ?? "no method at all";
  }

  password(): ReturnType<LoginAttempt["password"]> {
    if (this.#trail.taken.includes(PASSWORD)) return "taken";
    if (!this.#trail.offered.includes(PASSWORD)) return "unsent";
    return this.#last?.label === PASSWORD ? "sent" : "refused";
  }

  failure(cause?: unknown): PullcastError {
    return loginFailure({ ...this.#request, trail: this.#trail, cause });
  }

  expired(): PullcastError {
    return this.#unanswered("its password has expired, and the node wants a new one");
  }

  /** Takes in what the host said of the last offer. */
  #judged(left: readonly string[] | null, isPartial: boolean): void {
    const last = this.#last;
    this.#last = undefined;
    if (last?.isBlind) {
      if (last.isSigned !== true) return;
      // The key was good, and not enough: what else does the host want?
      this.#asksMethods = true;
      this.#last = { ...last, isBlind: false };
      return;
    }
    if (left === null) return;
    const isTaken = isPartial || (last?.isSigned === true && !left.includes("publickey"));
    if (last !== undefined && isTaken) this.#trail.taken.push(last.label);
    this.#trail.accepts = left;
  }

  #askMethods(): AnyAuthMethod {
    this.#asksMethods = false;
    return { type: "none", username: this.#request.user };
  }

  /** The first that the host lists; what it doesn't list now it may list after another has been taken. */
  #takeStep(): Step | undefined {
    const { accepts } = this.#trail;
    const step = this.#steps.find(
      (one) => accepts?.includes("key" in one ? "publickey" : one.method) ?? true,
    );
    this.#steps = this.#steps.filter((other) => other !== step);
    return step;
  }

  async #method(step: Step): Promise<AnyAuthMethod | undefined> {
    const { user: username } = this.#request;
    if ("key" in step) return await this.#offer(step.key);
    if (step.method === "keyboard-interactive") {
      const prompt = (...[, , , prompts, finish]: PromptArguments) =>
        void this.#answer(prompts, finish).catch((error: unknown) => this.#link.fail(error));
      return { type: "keyboard-interactive", username, prompt };
    }
    const password = await this.#takePassword();
    return password && { type: "password", username, password: password.reveal() };
  }

  async #offer(key: LoginKey): Promise<AnyAuthMethod | undefined> {
    const { ssh2, user: username } = this.#request;
    const { label, privateKey } = key;
    if (privateKey !== undefined) {
      this.#offered({ label });
      return { type: "publickey", username, key: privateKey };
    }
    try {
      const publicKey = await this.#link.during(key.publicKey());
      const agent = singleKeyAgent(ssh2, publicKey, (data, hash) => this.#sign(key, data, hash));
      this.#offered({ label, isBlind: true });
      return { type: "agent", username, agent };
    } catch (error) {
      this.#note(error);
      return undefined;
    }
  }

  /** The host has said that it would take the key. */
  async #sign(key: LoginKey, ...args: Parameters<LoginKey["sign"]>): Promise<Buffer> {
    try {
      const signature = await this.#link.during(key.sign(...args));
      this.#last = { label: key.label, isBlind: true, isSigned: true };
      return signature;
    } catch (error) {
      this.#note(error, key);
      throw error;
    }
  }

  #note(error: unknown, wanted?: LoginKey): void {
    if (!(error instanceof PullcastError)) return;
    this.#trail.trouble ??= { error, ...(wanted && { wanted: wanted.label }) };
  }

  /** One hidden question is the password's; whatever else is asked, a guess would count as a failed try. */
  async #answer(prompts: readonly Prompt[], finish: (answers: string[]) => void): Promise<void> {
    const isPasswords = prompts.length === 1 && prompts[0]?.echo === false;
    const password = isPasswords ? await this.#takePassword() : undefined;
    if (password !== undefined) {
      finish([password.reveal()]);
      return;
    }
    const asked = prompts.map(({ prompt }) => `"${cleanText(prompt, 200)}"`).join(", ");
    this.#link.fail(this.#unanswered(`it asks ${asked}`));
  }

  #unanswered(what: string): PullcastError {
    const { at, user } = this.#request;
    return sshError("PC263", { at, phase: "auth", detail: `user ${user}: ${what}` });
  }

  async #takePassword(): Promise<Secret | undefined> {
    const { password } = this.#request;
    if (password === undefined || this.#trail.offered.includes(PASSWORD)) return undefined;
    const secret = await this.#link.during(password());
    this.#offered({ label: PASSWORD });
    return secret;
  }

  #offered(offer: Offer): void {
    this.#trail.offered.push(offer.label);
    this.#last = offer;
  }
}

type PromptArguments = [
  name: string,
  instructions: string,
  language: string,
  prompts: Prompt[],
  finish: (answers: string[]) => void,
];

function stepsOf({ methods, keys, password }: LoginRequest): readonly Step[] {
  return methods.flatMap((method): Step[] => {
    if (method === "publickey") return keys.keys.map((key) => ({ key }));
    return password === undefined ? [] : [{ method }];
  });
}
