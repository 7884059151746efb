import { expect, test } from "vitest";
import { findCommand } from "../../../cli/commands/catalog.ts";
import { parseArgv } from "../../../cli/options/parse-argv.ts";
import { echoFlags } from "../../../cli/render/echo-flags.ts";

async function echoed(fix: string, argv: readonly string[]): Promise<string> {
  const command = findCommand("push");
  if (command === undefined) throw new Error("no push");
  const { options } = await parseArgv(command, argv);
  return echoFlags({ items: [{ fix, message: fix }] }, options).items[0]?.fix ?? "";
}

const CONTEXT = ["--context", "prod eu", "--kubeconfig=/k"];

test.each([
  ["kubectl get nodes", "kubectl --kubeconfig=/k --context='prod eu' get nodes"],
  ["kubectl config get-contexts", "kubectl --kubeconfig=/k config get-contexts"],
  ["kubectl cluster-info", "kubectl --kubeconfig=/k --context='prod eu' cluster-info"],
  ["pullcast cleanup", "pullcast cleanup --kubeconfig=/k --context='prod eu'"],
  [
    "pullcast explain IMAGE --node NODE tells it",
    "pullcast explain --kubeconfig=/k --context='prod eu' IMAGE --node NODE tells it",
  ],
  [
    "find out why; only then pullcast trust --replace n1",
    "find out why; only then pullcast trust --kubeconfig=/k --context='prod eu' --replace n1",
  ],
  ["install kubectl and put it on PATH", "install kubectl and put it on PATH"],
  ["docker login REGISTRY", "docker login REGISTRY"],
])("%s asks the cluster that the run asked", async (fix, command) => {
  expect(await echoed(fix, CONTEXT)).toBe(command);
  expect(await echoed(fix, [])).toBe(fix);
});
