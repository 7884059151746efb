/** `node scripts/run.mjs test/rig/scripted-peers.ts HOST_KEY NAME…`: tells a port for each name as JSON, lives as long as its input. */
import { readFile } from "node:fs/promises";
import { SCRIPTED_FAULTS, SCRIPTED_FLOODS } from "./scripted-faults.ts";

const [hostKey = "", ...names] = process.argv.slice(2);
const key = await readFile(hostKey);
const ports: Record<string, number> = {};
for (const name of names) {
  const fault = SCRIPTED_FAULTS[name] ?? SCRIPTED_FLOODS[name];
  if (fault === undefined) throw new Error(`no such fault: ${name}`);
  ports[name] = (await fault(key)).port;
}
process.stdout.write(`${JSON.stringify(ports)}\n`);
process.stdin.resume().once("end", () => process.exit());
