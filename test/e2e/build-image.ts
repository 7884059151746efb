import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** What the bed's own images start from. */
const BASE = "debian:bookworm-slim";

/**
 * Builds an image by the Dockerfile of a directory, on the bed's base and by this machine's proxies.
 *
 * @param target - a stage; Docker's older builder runs all stages up to it
 */
export async function buildImage(context: string, tag: string, target?: string): Promise<void> {
  const proxies = ["http_proxy", "https_proxy", "no_proxy"].flatMap((name) =>
    process.env[name] === undefined ? [] : ["--build-arg", name],
  );
  await promisify(execFile)(
    "docker",
    [
      ...["build", "-q", "--network", "host", "-t", tag, "--build-arg", `BASE=${BASE}`],
      ...(target === undefined ? [] : ["--target", target]),
      ...[...proxies, context],
    ],
    { maxBuffer: 64 * 1024 * 1024 },
  );
}
