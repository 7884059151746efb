import { type Become, PullcastError } from "../../agent/index.ts";
import { usageError } from "../usage-error.ts";
import type { RunContext } from "./engine-options.ts";
import type { OptionValues } from "./parse-argv.ts";

/**
 * How logins get to be root; `undefined` where nothing is said of it. The password is asked for here, once for all nodes.
 *
 * @throws {PullcastError} PC001 where the options contradict each other, PC264 where nobody gave a password
 */
export async function becomeOptions(
  options: OptionValues,
  { host, signal }: Pick<RunContext, "host" | "signal">,
): Promise<Become | undefined> {
  const given = options.text("become") as Become["method"] | undefined;
  const method = given === undefined ? {} : { method: given };
  if (!options.on("ask-become-pass")) return given === undefined ? undefined : method;
  if (given === "none") throw usageError("--ask-become-pass: --become none asks for no password");
  if (given === "doas") {
    throw usageError(
      "--ask-become-pass: doas takes a password from terminals alone",
      "allow it without one in /etc/doas.conf of the nodes: permit nopass USER as root cmd /bin/sh",
    );
  }
  const password = await host.askSecret?.("sudo password: ", signal);
  if (password === undefined) {
    const detail = host.askSecret === undefined ? "there is no terminal" : "none was typed";
    throw new PullcastError("PC264", { detail: `--ask-become-pass: ${detail}` });
  }
  return { ...method, password };
}
