import { performance } from "node:perf_hooks";
import type { Client, ConnectConfig } from "ssh2";
import { PullcastError } from "../errors.ts";
import type { Phase } from "../model.ts";
import { cleanText } from "../util/clean-text.ts";
import { describeHandshake, offeredAlgorithms } from "./algorithms.ts";
import type { LoginAttempt, LoginLink } from "./auth.ts";
import { type Greeting, readGreeting } from "./greeting.ts";
import { handshakeError } from "./handshake-error.ts";
import { orderHostKeyAlgorithms } from "./host-key.ts";
import { strictHostVerifier } from "./host-verifier.ts";
import { onAbort } from "./limit.ts";
import { PhaseTimer } from "./phase-timer.ts";
import { seconds, sshError, systemCode } from "./ssh-error.ts";
import type { Ssh2 } from "./ssh2.ts";
import type { ConnectStep, PhaseLimits, SshOptions } from "./transport.ts";
import { sendTogether, type Wire } from "./wire.ts";

/** More banner than this is a flood. */
const BANNER_LIMIT = 64 * 1024;

/** More bytes than this that no channel had a use for are a flood: a handshake and a login take some KiB. */
const OVERHEAD_LIMIT = 2 * 1024 * 1024;

/** Bytes on the wire for one that a channel took, at most: packets of a few bytes are mostly frame. */
const WIRE_BYTES_FOR_ONE = 3;

/** Key exchanges of one connection; each costs us as much work as a login. OpenSSH renews after 1 GiB. */
const KEY_EXCHANGE_LIMIT = 16;

export interface ConnectionOptions {
  readonly ssh2: Ssh2;
  /** Connected, with an `error` listener that stays. */
  readonly socket: Wire;
  /** `host:port`, for messages. */
  readonly at: string;
  readonly user: string;
  readonly version: string;
  readonly limits: PhaseLimits;
  readonly knownKeyTypes: ReadonlySet<string>;
  /** `undefined` lets the key in; called again, with the same key, when keys are renewed. */
  readonly checkHostKey: (blob: Buffer) => PullcastError | undefined;
  readonly login: (link: LoginLink) => LoginAttempt;
  readonly onStep?: SshOptions["onStep"] | undefined;
}

/**
 * One ssh2 client on a socket of our own. It keeps the first cause of a failure, has a timer for each
 * phase, and destroys the socket itself: ssh2 leaves it half open after an error.
 */
export class Connection {
  readonly client: Client;
  readonly #options: ConnectionOptions;
  readonly #ready: Promise<void>;
  #settle: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  readonly #timer = new PhaseTimer();
  readonly #login: LoginAttempt;
  #phase: Phase = "handshake";
  #enteredMs = 0;
  #isReady = false;
  #closed = false;
  #isGoodbye = false;
  #isWireClosed = false;
  #lastBanner = "";
  #bannerBytes = 0;
  #keyExchanges = 0;
  /** What came, less what was useful. */
  #overheadBytes = 0;
  #failure: unknown;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.client = new options.ssh2.Client();
    this.#login = options.login({
      during: (work) => this.#timer.during(work),
      fail: (cause) => this.fail(cause),
    });
    this.#ready = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    options.socket.once("close", () => {
      this.#isWireClosed = true;
    });
    // Whoever waits sees the rejection; nobody has to.
    this.#ready.catch(() => undefined);
  }

  /** `true` once the link is gone: what a channel says after that isn't the node's word. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The cause of the end of the link, if there was one. */
  get failure(): unknown {
    return this.#failure;
  }

  /** The flood for which the link was ended, if that was the cause. */
  get flood(): PullcastError | undefined {
    const failure = this.#failure;
    return failure instanceof PullcastError && failure.code === "PC228" ? failure : undefined;
  }

  /** Told of bytes that a channel took: they are no overhead. */
  readonly onUseful = (bytes: number): void => {
    this.#overheadBytes = Math.max(0, this.#overheadBytes - bytes * WIRE_BYTES_FOR_ONE);
  };

  /**
   * Handshake and login.
   * @throws {PullcastError} PC205 to PC231 with phase `handshake`, `host-key` or `auth`; the abort reason
   */
  async open(signal: AbortSignal): Promise<void> {
    const { limits, socket } = this.#options;
    const greeting = readGreeting();
    this.client
      .on("error", (error) => this.#onError(error, greeting))
      .on("close", () => this.#onClose(greeting))
      .on("banner", (text) => this.#onBanner(text))
      .on("change password", () => this.fail(this.#login.expired()))
      .on("handshake", (negotiated) => {
        this.#keyExchanges += 1;
        if (this.#keyExchanges === 1) {
          this.#tell("handshake", () => describeHandshake(this.client, negotiated));
        }
        // Keys may be renewed later: that is not a new login.
        if (this.#keyExchanges === 1) this.#enter("auth", limits.authMs);
        if (this.#keyExchanges > KEY_EXCHANGE_LIMIT)
          this.#failFlooded(`more than ${KEY_EXCHANGE_LIMIT} key renewals`);
        // Without a vendor ssh2 doesn't ask sshd to prove all its host keys again, which we wouldn't use.
        Reflect.set(this.client, "_remoteVer", "");
      })
      .on("ready", () => {
        this.#isReady = true;
        this.#timer.stop();
        this.#tell("auth", () => this.#login.last());
        this.#settle?.resolve();
      });
    this.#enter("handshake", limits.handshakeMs);
    const offAbort = onAbort(signal, () => this.fail(signal.reason));
    try {
      signal.throwIfAborted();
      this.client.connect(this.#config());
      // After connect(), which pauses the socket: no byte is taken before ssh2 listens.
      greeting.listen(socket);
      sendTogether(socket);
      // Whatever it is made of, what comes unasked must not keep this process busy.
      socket.on("data", (chunk: Buffer) => this.#onBytes(chunk.length));
      await this.#ready;
    } catch (error) {
      this.fail(error);
      throw this.#failure;
    } finally {
      this.#timer.stop();
      offAbort();
      greeting.stop(socket);
    }
  }

  /** Ends the link for `cause`; the first cause stays. */
  fail(cause: unknown): void {
    this.#failure ??= cause;
    this.#timer.stop();
    this.#options.socket.destroy();
    this.#settle?.reject(this.#failure);
  }

  /** Says goodbye, and frees the socket at the latest after `teardownMs`. Never throws. */
  async close(): Promise<void> {
    const { socket, limits } = this.#options;
    if (socket.destroyed || this.#isWireClosed) return;
    this.#isGoodbye = true;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        socket.destroy();
        // A jump host may never confirm that a channel is closed.
        resolve();
      }, limits.teardownMs);
      socket.once("close", () => {
        clearTimeout(timer);
        resolve();
      });
      try {
        this.client.end();
      } catch {
        // A client that failed can't say goodbye.
      }
      // Once our last bytes are out there is nothing to wait for.
      socket.destroySoon();
    });
  }

  #tell(phase: ConnectStep["phase"], detail: () => string): void {
    const { onStep, at } = this.#options;
    onStep?.({ phase, at, durationMs: performance.now() - this.#enteredMs, detail: detail() });
  }

  #enter(phase: "handshake" | "auth", limitMs: number): void {
    this.#phase = phase;
    this.#enteredMs = performance.now();
    this.#timer.start(limitMs, () => {
      const { at } = this.#options;
      const detail = `no ${phase === "auth" ? "login" : "handshake"} within ${seconds(limitMs)}`;
      this.fail(sshError(phase === "auth" ? "PC227" : "PC207", { at, phase, detail }));
    });
  }

  #onError(error: Error & { level?: string; code?: unknown }, greeting: Greeting): void {
    // One key that can't sign doesn't end the login: ssh2 goes on with the next.
    if (error.level === "agent") return;
    if (this.#isReady) this.fail(this.#lost(error));
    else if (this.#phase === "auth") this.fail(this.#authError(error));
    else this.fail(this.#handshakeError(greeting, error));
  }

  #onClose(greeting: Greeting): void {
    this.#closed = true;
    if (this.#isGoodbye) return;
    if (this.#isReady || this.#phase === "auth") this.fail(this.#lost());
    else this.fail(this.#handshakeError(greeting));
  }

  #handshakeError(greeting: Greeting, error?: Error): PullcastError {
    const said = { greeting: greeting.text(), offer: greeting.offer() };
    return handshakeError({ at: this.#options.at, ...(error && { error }), ...said });
  }

  #authError(error: Error & { level?: string; code?: unknown }): PullcastError {
    // A number is a DISCONNECT of the server: too many failures, a user that may not log in, …
    const isRefusal = error.level === "client-authentication" || typeof error.code === "number";
    return isRefusal ? this.#login.failure(error) : this.#lost(error);
  }

  #lost(cause?: Error): PullcastError {
    const { at } = this.#options;
    const phase = this.#isReady ? "exec" : "auth";
    const why = cause && (systemCode(cause) || cleanText(cause.message, 200));
    // Servers say there why they hang up on an account that may not log in.
    const said = this.#isReady || this.#lastBanner === "" ? "" : `it said "${this.#lastBanner}"`;
    const detail = [why, said].filter(Boolean).join("; ");
    return sshError("PC226", { at, phase, cause, ...(detail ? { detail } : {}) });
  }

  #onBanner(text: string): void {
    this.#lastBanner = cleanText(text.trim(), 200);
    this.#bannerBytes += text.length;
    if (this.#bannerBytes > BANNER_LIMIT) this.#failFlooded("more than 64 KiB of banner");
  }

  #onBytes(bytes: number): void {
    this.#options.socket.onReceived?.(bytes);
    this.#overheadBytes += bytes;
    if (this.#overheadBytes > OVERHEAD_LIMIT)
      this.#failFlooded("more than 2 MiB that nothing asked for");
  }

  #failFlooded(detail: string): void {
    const phase = this.#isReady ? "exec" : this.#phase;
    this.fail(sshError("PC228", { at: this.#options.at, phase, detail }));
  }

  #config(): ConnectConfig {
    const { socket, user, version, knownKeyTypes, checkHostKey } = this.#options;
    return {
      sock: socket,
      username: user,
      ident: `pullcast_${version}`,
      readyTimeout: 0,
      keepaliveInterval: 5000,
      keepaliveCountMax: 3,
      agentForward: false,
      algorithms: offeredAlgorithms(orderHostKeyAlgorithms(knownKeyTypes)),
      hostVerifier: strictHostVerifier((blob) => {
        const refusal = checkHostKey(blob);
        // Kept before ssh2 makes its own error of it.
        this.#failure ??= refusal;
        return refusal === undefined;
      }),
      authHandler: (methods, partial, next) => {
        this.#login.next(methods, partial).then(
          // ssh2 takes `false` as "no more"; its types don't say so.
          (method) => this.#failure === undefined && (next as (method: unknown) => void)(method),
          (error) => this.fail(error),
        );
      },
    };
  }
}
