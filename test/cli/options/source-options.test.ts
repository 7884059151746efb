import { expect, test } from "vitest";
import { type CommandSpec, findCommand } from "../../../cli/commands/catalog.ts";
import { parseArgv } from "../../../cli/options/parse-argv.ts";
import { sourceOptions } from "../../../cli/options/source-options.ts";

const HOST = {
  program: "pullcast",
  version: "1.2.3",
  argv: [],
  env: { PATH: "/bin" },
  homeDir: "/home/u",
  stdout: { write: () => {} },
  stderr: { write: () => {} },
  readStdin: () => Promise.reject(new Error("not asked")),
  onStop: () => () => {},
  loadEngine: () => Promise.reject(new Error("nothing is run")),
  exit: () => {},
};

async function sourceOf(...argv: string[]) {
  const { options } = await parseArgv(findCommand("push") as CommandSpec, argv);
  return sourceOptions(options, HOST);
}

test("without a source none is named", async () => {
  expect(await sourceOf("--yes")).toMatchObject({
    inputs: [],
    only: [],
    except: [],
    allFromStore: false,
    homeDir: "/home/u",
  });
});

test("sources stand in the order of the command line, whatever their kind", async () => {
  const login = ["--registry", "reg.io", "--username", "u", "--password-stdin"];
  const argv = ["--config", "~/a", ...login, "--from-secret=ci/robot", "--config=b", "--", "n1"];
  expect((await sourceOf(...argv)).inputs).toEqual([
    { type: "file", path: "/home/u/a" },
    { type: "login", registry: "reg.io", username: "u" },
    { type: "secret", namespace: "ci", name: "robot" },
    { type: "file", path: "b" },
  ]);
});

test("globs and the whole store are asked for by name", async () => {
  const argv = ["--only", "*.io", "--only", "a", "--except=b", "--all-from-store"];
  expect(await sourceOf(...argv)).toMatchObject({
    only: ["*.io", "a"],
    except: ["b"],
    allFromStore: true,
  });
});

test.each([
  [["--config", "-", "--hosts-from", "-"], /^--config - and --hosts-from - can't both read/],
  [["--config", "-", "--config", "-"], /^--config - and --config - can't both read/],
  [
    ["--registry", "r", "--username", "u", "--password-stdin", "--config", "-"],
    /^--config - and --password-stdin can't both read standard input/,
  ],
  [["--registry", "r", "--password-stdin"], /^--registry needs --username/],
  [["--registry", "r", "--username", "u"], /^--registry needs --password-stdin/],
  [["--username", "u"], /^--username needs --registry/],
  [["--password-stdin"], /^--password-stdin needs --registry/],
  [["--from-secret", "robot"], /^--from-secret: "robot" is not NAMESPACE\/NAME/],
  [["--from-secret", "ci/-A"], /^--from-secret: /],
  [["--from-secret", "a/b/c"], /^--from-secret: /],
])("%j is refused", async (argv, detail) => {
  await expect(sourceOf(...argv)).rejects.toMatchObject({
    code: "PC001",
    detail: expect.stringMatching(detail),
  });
});
