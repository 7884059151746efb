import { afterEach, expect, test } from "vitest";
import { kubectlFlags, runKubectl } from "../../../agent/cluster/kubectl.ts";
import { type StubKubectl, stubKubectl } from "./stub-kubectl.ts";

const stubs: StubKubectl[] = [];
afterEach(async () => {
  await Promise.all(stubs.splice(0).map((stub) => stub.remove()));
});

async function stub(body: string): Promise<{ program: string }> {
  const made = await stubKubectl(body);
  stubs.push(made);
  return { program: made.program };
}

const never = new AbortController().signal;

test("flags are handed on so that no value can be taken for a flag", () => {
  const settings = { program: "kubectl", context: "-x", kubeconfig: "a b", as: "me", cluster: "c" };
  expect(kubectlFlags({ ...settings, requestTimeout: "5s" })).toEqual([
    "--kubeconfig=a b",
    "--context=-x",
    "--cluster=c",
    "--as=me",
    "--request-timeout=5s",
  ]);
  expect(kubectlFlags({ program: "kubectl" })).toEqual([]);
});

test("arguments reach kubectl as they are, with no shell between", async () => {
  const kubectl = await stub("process.stdout.write(JSON.stringify(args));");
  const args = ["get", "nodes", "--selector=$(id);`id` \n'\""];
  expect(JSON.parse(await runKubectl(kubectl, args, { signal: never }))).toEqual(args);
});

test("a missing kubectl is PC101", async () => {
  const run = runKubectl({ program: "/nonexistent/kubectl" }, [], { signal: never });
  await expect(run).rejects.toMatchObject({ code: "PC101" });
});

test("a stub that hangs and ignores SIGTERM is bounded and gone afterwards", async () => {
  const kubectl = await stub(`
    process.on("SIGTERM", () => {});
    process.stderr.write("pid " + process.pid);
    setInterval(() => {}, 1000);
  `);
  const run = runKubectl(kubectl, [], { signal: never, timeoutMs: 300 });
  await expect(run).rejects.toMatchObject({ code: "PC106" });
});

test("an abort ends kubectl with the signal's own reason", async () => {
  const kubectl = await stub("setInterval(() => {}, 1000);");
  const controller = new AbortController();
  const run = runKubectl(kubectl, [], { signal: controller.signal });
  const reason = new Error("stop");
  controller.abort(reason);
  await expect(run).rejects.toBe(reason);
});

test("a failing stub's flood of words is cut to one clean line", async () => {
  const kubectl = await stub(`
    process.stderr.write("x".repeat(1e6) + "\\nerror: stat /nope: no such file or directory\\n");
    process.exitCode = 1;
  `);
  const error = await runKubectl(kubectl, [], { signal: never }).catch((cause) => cause);
  expect(error.code).toBe("PC102");
  expect(error.message.length).toBeLessThan(600);
});
