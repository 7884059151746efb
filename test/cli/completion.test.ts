import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { completions, SHELLS } from "../../cli/completion.ts";

test.each([
  [["pu"], ["push"]],
  [["c"], ["check", "config", "cleanup", "completion"]],
  [
    ["push", "--ho"],
    ["--hosts", "--hosts-from", "--host-key-checking"],
  ],
  [
    ["push", "-o", "j"],
    ["json", "junit"],
  ],
  [
    ["push", "--output", ""],
    ["table", "wide", "json", "yaml", "name", "junit", "github"],
  ],
  [["push", "--output=y"], ["--output=yaml"]],
  [["push", "--config", ""], []],
  [["push", ""], []],
  [
    ["completion", ""],
    ["bash", "zsh"],
  ],
  [
    ["help", "ver"],
    ["verify", "version"],
  ],
  [["sec"], ["secret"]],
  [["secret", "ap"], ["apply"]],
  [["secret", "apply", "--dry"], ["--dry-run"]],
  [["secret", "nothing", ""], []],
  [["help", "secret", "ap"], ["apply"]],
  [["nothing", ""], []],
])("%j may go on with %j", (words, found) => {
  expect(completions(words)).toEqual(found);
});

test("the bash script is one that bash can read", () => {
  execFileSync("bash", ["-n"], { input: SHELLS.bash });
});

test("bash asks pullcast and offers what it says", () => {
  const script = `pullcast() { [ "$1 $2 $3 $4" = "__complete push -o j" ] && echo json; }
${SHELLS.bash}
COMP_WORDS=(pullcast push -o j) COMP_CWORD=3; _pullcast; echo "got \${COMPREPLY[*]}"`;
  expect(execFileSync("bash", ["-c", script], { encoding: "utf8" })).toBe("got json\n");
});
