import { describe, expect, test } from "vitest";
import { dispatch } from "../../cli/dispatch.ts";
import type { Host } from "../../cli/host.ts";

/** Runs the command line in this process. */
async function pullcast(argv: readonly string[]) {
  const texts = { stdout: "", stderr: "" };
  const output = (name: "stdout" | "stderr") => ({
    write: (text: string) => {
      texts[name] += text;
    },
  });
  const host: Host = {
    program: "pullcast",
    version: "1.2.3",
    argv,
    env: {},
    homeDir: "/nonexistent",
    stdout: output("stdout"),
    stderr: output("stderr"),
    readStdin: () => Promise.reject(new Error("standard input was read")),
    onStop: () => () => {},
    loadEngine: () => import("../../cli/with-engine.ts"),
    exit: () => {},
  };
  return { code: await dispatch(host), ...texts };
}

describe("wrong usage ends with 2, names the place and prints nothing else", () => {
  const verify = ["verify", "--image", "r.io/a:1"];
  test.each([
    [["psuh"], "did you mean push?"],
    [["--context", "x", "push"], "the command comes first"],
    [["help", "psuh"], "did you mean push?"],
    [["explain", "PC999"], '"PC999"'],
    [["completion", "\u001b[2J"], "\\u001b[2J"],
    [["cleanup", "node-1"], '"node-1"'],
    [["push", "--unknown"], "--unknown"],
    [["push", "--concurency", "3"], "did you mean --concurrency?"],
    [["push", "-x"], "-x"],
    [["push", "--config"], "--config needs a value"],
    [["push", "--exclude", ""], "--exclude"],
    [["push", "--address", "public"], "--address"],
    [["push", "--hosts", ","], "--hosts"],
    [["push", "--hosts-from", "/nonexistent"], "--hosts-from"],
    [["push", "--hosts", "a", "-l", "x=y"], "--selector"],
    [["push", "--ssh-user", "-o"], "--ssh-user"],
    [["push", "--ssh-port", "70000"], "--ssh-port"],
    [["push", "--host-key-checking", "no"], "--host-key-checking"],
    [["push", "--concurrency", "0"], "--concurrency"],
    [["push", "--concurrency", "-1"], "--concurrency"],
    [["push", "--concurrency", "1e9"], "--concurrency"],
    [["push", "--concurrency", "2", "--concurrency", "3"], "--concurrency is given twice"],
    [["push", "--connect-timeout", "10"], "--connect-timeout"],
    [["push", "--node-timeout", "1h30"], "--node-timeout"],
    [["push", "--request-timeout", "x"], "--request-timeout"],
    [["push", "--path", "x"], "--path"],
    [["push", "--kubelet-restart-command", "x"], "--restart-kubelet"],
    [["push", "--restart-kubelet", "--ready-timeout", "0s"], "--ready-timeout"],
    [["push", "--verify"], "--image"],
    [["push", "--image", "r.io/a:1"], "--image needs --verify"],
    [["push", "--verify", "--image", "r.io/a", "--hosts", "h"], "--hosts"],
    [["push", "-o", "xml"], "--output"],
    [["push", "-q", "-v"], "--quiet"],
    [["push", "--replace=perhaps"], "--replace"],
    [["secret", "aply"], "did you mean secret apply?"],
    [["secret", "-n", "a", "apply"], "the subcommand comes first"],
    [["help", "secret", "frobnicate"], "see pullcast secret --help"],
    [["secret", "apply", "-n", "a", "-A"], "--namespace and --all-namespaces"],
    [["secret", "apply", "-n", "../x"], "--namespace"],
    [["secret", "apply", "--name", "A"], "--name"],
    [["secret", "apply", "--service-account", "a", "--all-service-accounts"], "--service-account"],
    [["verify"], "--image"],
    [[...verify, "--hosts", "h"], "--hosts"],
    [[...verify, "--proof", "none"], "--proof"],
    [[...verify, "--max-pulls", "0"], "--max-pulls"],
    [[...verify, "--timeout", "7"], "--timeout"],
  ])("%j", async (args, place) => {
    const { code, stdout, stderr } = await pullcast(args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^error PC001: [^\n]+\n {2}fix: [^\n]+\n$/);
    expect(stderr).toContain(place);
  });
});

describe("help is named where it helps", () => {
  test.each([
    [["verify"], "see pullcast verify --help"],
    [["push", "-x"], "see pullcast push --help"],
    [["restore", "--dry-run"], "pullcast push --dry-run and pullcast diff tell"],
    [["cleanup", "node-1"], "see pullcast cleanup --help"],
    [["nodes"], "pullcast check lists the nodes"],
    [["dry-run"], "pullcast check lists the nodes"],
  ])("%j", async (argv, step) => {
    expect((await pullcast(argv)).stderr).toContain(`\n  fix: ${step}`);
  });
});

test("a group of subcommands alone, or with --help, tells them", async () => {
  const { code, stdout } = await pullcast(["secret"]);
  expect([code, stdout]).toEqual([0, expect.stringContaining("secret apply")]);
  expect(await pullcast(["secret", "--help"])).toEqual({ code, stdout, stderr: "" });
  expect(await pullcast(["help", "secret"])).toEqual({ code, stdout, stderr: "" });
  const apply = await pullcast(["secret", "apply", "--help"]);
  expect(apply.stdout).toContain("Usage: pullcast secret apply [options]");
  expect(await pullcast(["help", "secret", "apply"])).toEqual(apply);
});

describe("documents for programs", () => {
  test("a code, or all of them", async () => {
    expect(JSON.parse((await pullcast(["explain", "PC203", "-o", "json"])).stdout)).toEqual({
      apiVersion: "pullcast.dev/v1alpha1",
      kind: "Code",
      code: "PC203",
      about: "SSH",
      title: "the connection timed out",
      fix: "check routes and firewalls, or use another --address",
    });
    const all = JSON.parse((await pullcast(["explain", "-ojson"])).stdout) as { items: unknown[] };
    expect(all.items.length).toBeGreaterThan(50);
    expect((await pullcast(["explain", "PC203", "-o", "name"])).stdout).toBe("PC203\n");
  });

  test.each([
    [["push", "--unknown", "-o", "json"]],
    [["verify", "-vo", "json"]],
    [["explain", "PC999", "--output=json"]],
    [["psuh", "-ojson"]],
  ])("%j: the error too, and the text stays", async (argv) => {
    const { code, stdout, stderr } = await pullcast(argv);
    expect([code, JSON.parse(stdout)]).toMatchObject([2, { kind: "Error", code: "PC001" }]);
    expect(stderr).toMatch(/^error PC001: /);
  });

  test("what follows -- is no option", async () => {
    expect((await pullcast(["cleanup", "--", "-ojson"])).stdout).toBe("");
  });
});
