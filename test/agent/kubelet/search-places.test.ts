import { expect, test } from "vitest";
import { judgePlaces, type SearchPlace } from "../../../agent/kubelet/search-places.ts";
import { Secret } from "../../../agent/secret.ts";

const place = (path: string, text?: string): SearchPlace => ({
  path,
  format: path.endsWith("cfg") ? ".dockercfg" : "config.json",
  ...(text === undefined ? {} : { content: new Secret(Buffer.from(text)) }),
});
const GOOD = '{"auths":{"reg.io":{"auth":"dTpw"}}}';
const judge = (...places: SearchPlace[]) =>
  judgePlaces(places).map(({ status, why }) => (why === undefined ? status : `${status}: ${why}`));

test("the first valid file counts alone: void ones are skipped, later ones hidden", () => {
  expect(
    judge(
      place("/a/config.json", '{"auths":{"x.io":{"auth":"%%%"}}}'),
      place("/b/config.json"),
      place("/c/config.json", GOOD),
      place("/d/config.json", "{"),
      place("/e/.dockercfg", '{"reg.io":{"auth":"dTpw"}}'),
    ),
  ).toEqual([
    expect.stringMatching(/^void: entry "x\.io": /),
    "absent",
    "used",
    expect.stringMatching(/^void: /),
    "hidden: hidden by /c/config.json",
  ]);
});

test("a file without auths is valid, and hides all others", () => {
  expect(judge(place("/a/config.json", "{}"), place("/b/config.json", GOOD))).toEqual([
    "used",
    "hidden: hidden by /a/config.json",
  ]);
});

test("a legacy file counts where no config.json is valid", () => {
  const legacy = place("/a/.dockercfg", '{"reg.io":{"auth":"dTpw"}}');
  expect(judge(place("/a/config.json", "no"), legacy)[1]).toBe("used");
});

test("one place that is asked for twice does not hide itself", () => {
  const twice = place("/.docker/config.json", GOOD);
  expect(judge(twice, twice)).toEqual(["used", "used"]);
});

test("what can't be read is passed over by its own name", () => {
  const obstacle = { type: "unreadable", why: "a directory" } as const;
  expect(judge({ ...place("/a/config.json"), obstacle }, place("/b/config.json", GOOD))).toEqual([
    "unreadable: a directory",
    "used",
  ]);
});
