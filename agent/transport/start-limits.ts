import pLimit, { type LimitFunction } from "p-limit";
import { once } from "../util/once.ts";
import type { HostSettings } from "./host-settings.ts";
import { hostPort } from "./ssh-error.ts";

/** Connections being opened at once: sshd and bastions throttle starts, not sessions. */
const STARTS = 16;
/** Of these, through one jump host. */
const STARTS_THROUGH = 6;

/** The starts of a run, whatever opens the connections. */
export class StartLimits {
  readonly #starts: LimitFunction = pLimit(STARTS);
  readonly #through = new Map<string, LimitFunction>();

  /** Runs `start` when there is room for it, on the whole and at the jump host that it goes through. */
  run<T>(
    jump: Pick<HostSettings, "host" | "port"> | undefined,
    start: () => Promise<T>,
  ): Promise<T> {
    const turn = () => this.#starts(start);
    if (jump === undefined) return turn();
    const place = hostPort(jump.host, jump.port);
    return once(this.#through, place, () => pLimit(STARTS_THROUGH))(turn);
  }
}
