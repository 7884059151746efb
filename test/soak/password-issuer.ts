import type { Bed } from "../bed/index.ts";

/** One login that the registry takes until its end. */
export interface IssuedLogin {
  readonly username: string;
  /** A token that tells its end. */
  readonly password: string;
}

/** Gives out logins that the bed's registry takes for a time, and no longer: each is a user of its own. */
export interface PasswordIssuer {
  issue(): Promise<IssuedLogin>;
  issued(): number;
  close(): Promise<void>;
}

/** @param lifeMs - how long each lasts at the registry, and in its own words */
export function passwordIssuer(bed: Bed, lifeMs: number): PasswordIssuer {
  let issued = 0;
  const timers = new Set<NodeJS.Timeout>();
  let queue: Promise<unknown> = Promise.resolve();
  const htpasswd = (args: readonly string[], input = "") => {
    const run = queue.then(async () => {
      const set = await bed.exec("control", ["htpasswd", ...args], { input: Buffer.from(input) });
      if (set.code !== 0) throw new Error(set.stderr);
    });
    queue = run.catch(() => undefined);
    return run;
  };
  return {
    async issue() {
      issued += 1;
      const username = `robot-${issued}`;
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
      const exp = Math.floor((Date.now() + lifeMs) / 1000);
      // bcrypt looks at 72 bytes: what tells one from another comes first.
      const password = `${part({ alg: "none" })}.${part({ exp, jti: issued })}.x`;
      await htpasswd(["-iB", "-C", "4", "/etc/bed/htpasswd", username], password);
      const timer = setTimeout(() => {
        timers.delete(timer);
        void htpasswd(["-D", "/etc/bed/htpasswd", username]);
      }, lifeMs);
      timers.add(timer);
      return { username, password };
    },
    issued: () => issued,
    async close() {
      for (const timer of timers) clearTimeout(timer);
      await queue;
    },
  };
}
