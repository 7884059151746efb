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
