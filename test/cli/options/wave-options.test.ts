import { describe, expect, test } from "vitest";
import { parseArgv } from "../../../cli/options/parse-argv.ts";
import { WAVES } from "../../../cli/options/specs.ts";
import { waveOptions } from "../../../cli/options/wave-options.ts";

const SPEC = {
  name: "push",
  summary: "",
  about: [],
  examples: [],
  groups: [{ title: "Waves", options: WAVES }],
} as const;

const parse = async (...argv: string[]) =>
  waveOptions((await parseArgv(SPEC, argv)).options, undefined);

describe("options of waves", () => {
  test("none asked for means one wave and no limit", async () => {
    expect(await parse()).toBeUndefined();
  });

  test("sizes, a label, a limit and what a failure does", async () => {
    const wanted = ["--waves", "1,10%,100%", "--wave-by", "pool", "--max-failures", "5%"];
    expect(await parse(...wanted, "--on-failure", "rollback", "--pause-after", "2")).toEqual({
      sizes: [{ count: 1 }, { percent: 10 }, { percent: 100 }],
      by: "pool",
      maxFailures: { percent: 5 },
      onFailure: "rollback",
      pauseAfter: 2,
    });
    expect(await parse("--waves", "1", "--pause-after", "each")).toMatchObject({
      pauseAfter: "each",
    });
  });

  test.each([
    [["--waves", "10%,1%"], "does not grow"],
    [["--waves", "0,5"], "does not grow"],
    [["--waves", "5,5"], "does not grow"],
    [["--waves", "1,,3"], "neither a number nor a share"],
    [["--waves", "1,150%"], "neither a number nor a share"],
    [["--max-failures", "few"], "neither a number nor a share"],
    [["--max-failures", "1", "--on-failure", "continue"], "leave --max-failures out"],
    [["--pause-after", "1"], "needs --waves"],
    [["--waves", "1", "--pause-after", "0"], "neither the number of a wave"],
    [["--wave-by", "a=b"], "is no label"],
  ])("%j is refused, and the message says why", async (argv, message) => {
    await expect(parse(...argv)).rejects.toThrow(message);
  });
});
