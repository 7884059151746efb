import { createHash, randomBytes } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { NodeConfig } from "../../agent/model.ts";
import { composeInstall } from "../../agent/node/compose.ts";
import { type NodeJob, oneProgram } from "../../agent/operations/node-try.ts";
import { nodeConfig } from "../agent/node/request.ts";

/** A credential file of its own content, about `sizeBytes` long. */
export function newNodeConfig(sizeBytes = 2000): NodeConfig {
  const password = randomBytes(Math.ceil((sizeBytes * 9) / 16)).toString("base64");
  const auth = Buffer.from(`robot:${password}`).toString("base64");
  const bytes = Buffer.from(`${JSON.stringify({ auths: { "reg.example.com": { auth } } })}\n`);
  return {
    ...nodeConfig(bytes),
    entries: ["reg.example.com"],
    source: "test",
    warnings: [],
  };
}

/** The job of installing `config` as `DIR/config.json`, as a push does. */
export function installJob(config: NodeConfig, dir: string): NodeJob {
  return oneProgram(
    ({ nonce }) =>
      composeInstall({
        user: "root",
        dir,
        run: "20260101T000000Z-abcdef",
        nonce,
        replace: false,
        config,
      }),
    { digest: config.digest },
  );
}

/** Digest of `DIR/config.json`, `undefined` where there is none; throws where others may read it. */
export async function installedDigest(dir: string): Promise<string | undefined> {
  const path = join(dir, "config.json");
  try {
    const info = await stat(path);
    if ((info.mode & 0o777) !== 0o600) throw new Error(`mode ${info.mode.toString(8)}`);
    return createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
