import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bed, ensureHostTools, upBed } from "../../bed/index.ts";
import { makeKeys } from "./ssh-table/keys.ts";
import { NotHere } from "./ssh-table/model.ts";
import { CERTIFICATES } from "./ssh-table/rows/certificates.ts";
import { FOR_PEOPLE } from "./ssh-table/rows/for-people.ts";
import { HOST_KEYS } from "./ssh-table/rows/host-keys.ts";
import { JUMPS } from "./ssh-table/rows/jumps.ts";
import { AGENTS, KEY_FILES } from "./ssh-table/rows/keys.ts";
import { NAMES } from "./ssh-table/rows/names.ts";
import { SERVERS } from "./ssh-table/rows/server.ts";
import { STARTS } from "./ssh-table/rows/starts.ts";
import {
  expectedOf,
  type OfEach,
  type RowResult,
  type RunPlace,
  runRow,
} from "./ssh-table/run-row.ts";
import { startServers } from "./ssh-table/servers.ts";
import { showTable } from "./ssh-table/show.ts";
import type { Outcome } from "./ssh-table/verdict.ts";

const ROWS = {
  "names and settings": NAMES,
  "settings for people": FOR_PEOPLE,
  "key files": KEY_FILES,
  agents: AGENTS,
  certificates: CERTIFICATES,
  "host keys": HOST_KEYS,
  servers: SERVERS,
  "servers that limit starts": STARTS,
  jumps: JUMPS,
};

let bed: Bed | undefined;
let dir: string | undefined;
let place: RunPlace;
const results: RowResult[] = [];

beforeAll(async () => {
  await ensureHostTools(["ssh"], console.log);
  dir = await mkdtemp(join(tmpdir(), "pullcast-table-"));
  bed = await upBed({ name: `table-${process.pid}`, nodes: 2 });
  const keyDir = join(dir, "keys");
  await mkdir(keyDir);
  const keys = await makeKeys(keyDir);
  const servers = await startServers(bed, keys);
  const source = join(dir, "config.json");
  await writeFile(source, '{"auths":{"reg.example.com":{"auth":"cm9ib3Q6cGFzcw=="}}}', {
    mode: 0o600,
  });
  place = { table: { keys, servers }, dir, source };
});

afterAll(async () => {
  console.log(showTable(results));
  await bed?.down();
  if (dir !== undefined) await rm(dir, { recursive: true, force: true });
});

for (const [group, rows] of Object.entries(ROWS)) {
  describe.concurrent(`ssh and pullcast end alike (${group})`, () => {
    for (const row of rows) {
      it(`where ${row.title}`, async (test) => {
        let outcomes: OfEach<Outcome>;
        try {
          outcomes = await runRow(row, place);
        } catch (error) {
          if (!(error instanceof NotHere)) throw error;
          results.push({ row });
          // biome-ignore lint/suspicious/noSkippedTests: the machine lacks what the row is about, and the row says so.
          test.skip(error.message);
          return;
        }
        const verdicts = mapValues(outcomes, ({ verdict }) => verdict);
        results.push({ row, verdicts });
        const said = Object.entries(outcomes).map(([name, { said }]) => `${name}: ${said}`);
        expect(verdicts, said.join("\n")).toEqual(expectedOf(row));
      });
    }
  });
}

function mapValues<T, U>(of: OfEach<T>, map: (value: T) => U): OfEach<U> {
  const { ssh, ssh2, openssh, auto } = of;
  return { ssh: map(ssh), ssh2: map(ssh2), openssh: map(openssh), auto: map(auto) };
}
