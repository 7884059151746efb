import pLimit, { type LimitFunction } from "p-limit";
import type { PullcastError } from "../errors.ts";
import { once } from "../util/once.ts";
import type { HostSettings } from "./host-settings.ts";
import { hostPort } from "./ssh-error.ts";
import { StartGate } from "./start-gate.ts";

/** Connections being opened at once: sshd and bastions throttle starts, not sessions. */
const STARTS = 16;
type Place = Pick<HostSettings, "host" | "port">;

/** Where a start goes. */
interface StartOptions {
  readonly host: Place;
  /** The last host on the way. */
  readonly jump: Place | undefined;
  readonly signal: AbortSignal;
}

/** The starts of a run, whatever opens the connections. */
export class StartLimits {
  readonly #starts: LimitFunction = pLimit(STARTS);
  /** A jump host that drops a start says nothing that is told of: the way through it just closes. */
  readonly #through = new Map<string, StartGate>();
  readonly #gates = new Map<string, StartGate>();

  /**
   * Runs `start` when there is room for it: at its sshd, at the jump host that it goes through, and on the whole.
   * @throws what `start` throws; the abort reason
   */
  run<T>(start: () => Promise<T>, { host, jump, signal }: StartOptions): Promise<T> {
    const turn = () => this.#starts(start);
    const via = jump === undefined ? "" : hostPort(jump.host, jump.port);
    const place = JSON.stringify([via, host.host, host.port]);
    const gate = once(this.#gates, place, () => new StartGate());
    if (jump === undefined) return gate.run(turn, signal);
    const isCrowd = ({ code }: PullcastError) => code === "PC205";
    const through = once(this.#through, via, () => new StartGate({ isCrowd }));
    return gate.run(() => through.run(turn, signal), signal);
  }
}
