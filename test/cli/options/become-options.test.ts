import { expect, test } from "vitest";
import { Secret } from "../../../agent/index.ts";
import { type CommandSpec, findCommand } from "../../../cli/commands/catalog.ts";
import type { Host } from "../../../cli/host.ts";
import { becomeOptions } from "../../../cli/options/become-options.ts";
import { parseArgv } from "../../../cli/options/parse-argv.ts";

const signal = new AbortController().signal;

async function become(argv: readonly string[], askSecret?: Host["askSecret"]) {
  const { options } = await parseArgv(findCommand("push") as CommandSpec, argv);
  const host = (askSecret === undefined ? {} : { askSecret }) as Host;
  return await becomeOptions(options, { host, signal });
}

test("nothing said leaves it to the engine, and nobody is asked", async () => {
  const askSecret = () => Promise.reject(new Error("asked"));
  expect(await become([], askSecret)).toBeUndefined();
  expect(await become(["--become", "doas"], askSecret)).toEqual({ method: "doas" });
});

test("the password is asked for once, hidden", async () => {
  const questions: string[] = [];
  const password = new Secret("sesame");
  const askSecret = async (question: string) => {
    questions.push(question);
    return password;
  };
  expect(await become(["--ask-become-pass"], askSecret)).toEqual({ password });
  expect(await become(["--ask-become-pass", "--become", "sudo"], askSecret)).toEqual({
    method: "sudo",
    password,
  });
  expect(questions).toEqual(["sudo password: ", "sudo password: "]);
});

test("PC264: nobody can be asked, or nothing was typed", async () => {
  await expect(become(["--ask-become-pass"])).rejects.toMatchObject({
    code: "PC264",
    detail: "--ask-become-pass: there is no terminal",
  });
  await expect(become(["--ask-become-pass"], async () => undefined)).rejects.toMatchObject({
    code: "PC264",
    detail: "--ask-become-pass: none was typed",
  });
});

test.each([
  ["none", "asks for no password"],
  ["doas", "from terminals alone"],
])("--become %s with --ask-become-pass is an error of usage", async (method, said) => {
  await expect(become(["--become", method, "--ask-become-pass"])).rejects.toMatchObject({
    code: "PC001",
    detail: expect.stringContaining(said),
  });
});
