import type { CredentialSource } from "../../agent/index.ts";
import type { Host } from "../host.ts";
import type { OptionValues } from "./parse-argv.ts";

/** Where credentials come from. */
export function sourceOptions(
  options: OptionValues,
  { readStdin, env, homeDir }: Host,
): CredentialSource {
  const config = options.text("config");
  return { readStdin, env, homeDir, ...(config === undefined ? {} : { config }) };
}
