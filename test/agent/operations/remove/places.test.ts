import { expect, test } from "vitest";
import type { NodeSurvey } from "../../../../agent/node/read-survey.ts";
import { imagesServed, isOfRegistries } from "../../../../agent/operations/remove/places.ts";

function surveyWith(...images: string[]): NodeSurvey {
  return {
    rootDir: "/var/lib/kubelet",
    rootProof: "proven",
    now: 0,
    cwd: "/",
    home: "/",
    flags: {},
    files: [],
    runtime: [],
    images,
    log: [],
  };
}

test.each([
  ["reg.io", ["reg.io/a:1", "reg.io/team/b@sha256:1"], ["other.io/a:1", "reg.io:5000/a:1"]],
  ["reg.io/team", ["reg.io/team/b:1"], ["reg.io/a:1"]],
  ["*.reg.io", ["eu.reg.io/a:1"], ["reg.io/a:1"]],
  ["https://index.docker.io/v1/", ["nginx:1", "docker.io/team/a:1"], ["reg.io/nginx:1"]],
  ["docker.io", ["docker.io/team/a:1"], ["reg.io/nginx:1"]],
])("the login for %s served these images, and no others", (key, served, others) => {
  const digest = `sha256:${"a".repeat(64)}`;
  const full = (names: readonly string[]) => names.map((name) => name.replace("sha256:1", digest));
  expect(imagesServed(surveyWith(...full([...others, ...served])), [key])).toEqual(full(served));
});

test("what is no image reference is no image of a registry", () => {
  expect(imagesServed(surveyWith("<none>", "", "UPPER case"), ["reg.io"])).toEqual([]);
});

test("a host means all of its paths, a path itself alone", () => {
  expect(isOfRegistries("reg.io/team", ["reg.io"])).toBe(true);
  expect(isOfRegistries("reg.io", ["reg.io/team"])).toBe(false);
});
