import { expect, test } from "vitest";
import { COMMANDS, type CommandSpec, findCommand } from "../../../cli/commands/catalog.ts";
import { parseArgv } from "../../../cli/options/parse-argv.ts";

const command = (name: string): CommandSpec => {
  const found = findCommand(name);
  if (found === undefined) throw new Error(name);
  return found;
};
const push = command("push");

test("operands and options may be mixed, numbers and dots stay text", async () => {
  const { operands, options } = await parseArgv(push, [
    "007",
    "--exclude",
    "a.b",
    "1e3",
    "--exclude=c",
    "-l",
    "a.b=1",
    "--",
    "--odd",
  ]);
  expect(operands).toEqual(["007", "1e3", "--odd"]);
  expect(options.list("exclude")).toEqual(["a.b", "c"]);
  expect(options.text("selector")).toBe("a.b=1");
});

test("defaults stand in, and are not taken for given", async () => {
  const { options } = await parseArgv(push, []);
  expect(options.text("concurrency")).toBe("32");
  expect(options.given("concurrency")).toBe(false);
  expect(options.text("config")).toBeUndefined();
  expect(options.list("hosts")).toEqual([]);
  expect(options.on("replace")).toBe(false);
});

test("a switch set to false is off", async () => {
  const { options } = await parseArgv(push, ["--replace=false"]);
  expect(options.on("replace")).toBe(false);
});

test("--config - is standard input", async () => {
  expect((await parseArgv(push, ["--config", "-"])).options.text("config")).toBe("-");
});

test.each([
  [["-o", "json", "-o", "yaml"], "--output is given twice"],
  [["-o", "xml"], '--output: "xml" is not one of table, wide, json, yaml, name, junit, github'],
  [["--address", "internalip"], /^--address: "internalip" is not one of auto, /],
  [["--host-key-checking=no"], /^--host-key-checking: "no" is not one of strict, accept-new/],
  [["--config="], "--config has an empty value"],
  [["--exclude", ""], "--exclude has an empty value"],
  [[""], "an argument is empty"],
])("%j is refused", async (argv, detail) => {
  await expect(parseArgv(push, argv)).rejects.toMatchObject({
    code: "PC001",
    detail: typeof detail === "string" ? detail : expect.stringMatching(detail),
  });
});

test("commands without operands take none, explain takes one", async () => {
  await expect(parseArgv(command("cleanup"), ["x"])).rejects.toThrow(/takes no argument "x"/);
  await expect(parseArgv(command("explain"), ["PC203", "PC204"])).rejects.toThrow(/"PC204"/);
});

test("__proto__ as a name or value changes nothing", async () => {
  await expect(parseArgv(push, ["--__proto__", "x"])).rejects.toThrow(/no option --__proto__/);
  const { options } = await parseArgv(push, ["-l", "__proto__=x", "__proto__"]);
  expect(options.text("selector")).toBe("__proto__=x");
  expect(Reflect.get({}, "x")).toBeUndefined();
});

test("every example of help is accepted by the parser", async () => {
  for (const { name, examples } of COMMANDS) {
    for (const [, text] of examples) {
      const words = (text.split(/ [<>|] /)[0] ?? "").split(" ").map((w) => w.replaceAll("'", ""));
      if (words[0] === "source") continue;
      const { length } = name.split(" ");
      expect(words.slice(0, length).join(" ")).toBe(name);
      await parseArgv(command(name), words.slice(length));
    }
  }
});

test("every default goes through its own choices", () => {
  for (const { groups } of COMMANDS) {
    for (const { choices, default: preset } of groups.flatMap((group) => group.options)) {
      if (choices !== undefined && preset !== undefined) expect(choices).toContain(preset);
    }
  }
});
