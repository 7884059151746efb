import { setTimeout as sleep } from "node:timers/promises";

/** Gives the cluster back; never throws. */
type Release = () => Promise<void>;

/** A hold that is so old takes in no further run: others may be waiting for the cluster. */
const OPEN_MS = 10_000;
/** How long the cluster is left free then. */
const FREE_MS = 1500;

interface Hold {
  readonly taken: Promise<Release>;
  readonly openUntil: number;
  users: number;
  /** Resolves once the cluster is given back. */
  readonly given: Promise<void>;
  readonly give: () => void;
}

/**
 * Lets runs of one watch share one hold of their cluster: the first takes it, the last gives it back. A hold does not
 * go on for ever, so that other operators' runs come between.
 *
 * @param take - takes the cluster; what it throws, all runs that wait for it throw
 */
export function sharedHold(
  take: (run: string) => Promise<Release>,
): (run: string) => Promise<Release> {
  let current: Hold | undefined;
  const join = async (run: string): Promise<Hold> => {
    while (current !== undefined && Date.now() > current.openUntil) {
      await current.given;
      await sleep(FREE_MS);
    }
    current ??= newHold(take(run));
    return current;
  };
  return async (run) => {
    const hold = await join(run);
    hold.users += 1;
    let isDone = false;
    const leave = async () => {
      if (isDone) return;
      isDone = true;
      hold.users -= 1;
      if (hold.users > 0) return;
      // Who comes from here on takes a hold of its own.
      if (current === hold) current = undefined;
      await hold.taken.then((release) => release()).catch(() => undefined);
      hold.give();
    };
    try {
      await hold.taken;
    } catch (error) {
      await leave();
      throw error;
    }
    return leave;
  };
}

function newHold(taken: Promise<Release>): Hold {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { taken, openUntil: Date.now() + OPEN_MS, users: 0, given, give };
}
