import { readFile } from "node:fs/promises";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HostKeyCheck, strictHostVerifier } from "../../../agent/transport/host-verifier.ts";
import { type Sshd, startSshd } from "../../rig/sshd.ts";

type RawVerifier = (key: Buffer, verify: (valid: unknown) => void) => unknown;

let sshd: Sshd;
let privateKey: Buffer;

beforeAll(async () => {
  sshd = await startSshd();
  privateKey = await readFile(sshd.key);
});

afterAll(() => sshd.stop());

/** Whether ssh2 logs in with a verifier; a verifier that never answers ends at `readyTimeout`. */
function connects(hostVerifier: RawVerifier): Promise<boolean> {
  return new Promise((resolve) => {
    const client = new ssh2.Client();
    const settle = (answer: boolean) => {
      resolve(answer);
      client.destroy();
    };
    client
      .on("ready", () => settle(true))
      .on("error", () => settle(false))
      .on("close", () => settle(false));
    client.connect({
      host: sshd.host,
      port: sshd.port,
      username: sshd.user,
      privateKey,
      readyTimeout: 1500,
      hostVerifier: hostVerifier as ssh2.SyncHostVerifier,
    });
  });
}

const SHAPES: Record<string, RawVerifier> = {
  "returns true": () => true,
  "returns false": () => false,
  "returns null": () => null,
  "returns nothing": () => undefined,
  "returns 0": () => 0,
  "returns an empty string": () => "",
  "returns a word": () => "yes",
  "is async and says true": async () => true,
  "is async and says false": async () => false,
  "is async and throws": async () => {
    throw new Error("no");
  },
  throws: () => {
    throw new Error("no");
  },
  "hands an error to the callback": (_key, verify) => verify(new Error("no")),
  "hands nothing to the callback": (_key, verify) => verify(undefined),
};

describe("strictHostVerifier", () => {
  it.each(Object.entries(SHAPES))(
    "lets in only a literal true: a check that %s",
    async (name, shape) => {
      const strict = strictHostVerifier(shape as HostKeyCheck);
      expect(await connects(strict as RawVerifier)).toBe(name === "returns true");
    },
  );

  it("is needed: ssh2 by itself lets most of these in", async () => {
    // An async check that throws is an unhandled rejection there, so it is left out.
    const raw = Object.entries(SHAPES).filter(([name]) => name !== "is async and throws");
    const results = await Promise.all(
      raw.map(async ([name, shape]) => ((await connects(shape)) ? name : "")),
    );
    expect(results.filter((name) => name !== "")).toEqual([
      "returns true",
      "returns null",
      "returns 0",
      "returns an empty string",
      "returns a word",
      "is async and says true",
      "is async and says false",
      "hands an error to the callback",
      "hands nothing to the callback",
    ]);
  });

  it("answers ssh2 once, with a boolean", () => {
    for (const shape of Object.values(SHAPES)) {
      const answers: unknown[] = [];
      const verifier = strictHostVerifier(shape as HostKeyCheck);
      expect(verifier(Buffer.alloc(1), (answer) => answers.push(answer))).toBeUndefined();
      expect(answers).toEqual([expect.any(Boolean)]);
    }
  });
});
