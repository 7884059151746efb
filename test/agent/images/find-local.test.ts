import { describe, expect, test } from "vitest";
import { findLocal, fullNames } from "../../../agent/images/find-local.ts";
import { parseReference } from "../../../agent/registry/reference.ts";

const digest = (fill: string) => `sha256:${fill.repeat(64)}`;
const image = (fill: string, ...names: string[]) => ({ digest: digest(fill), names });
const find = (images: Parameters<typeof findLocal>[0], reference: string) =>
  findLocal(images, parseReference(reference))?.digest;

describe("an image of this machine is found", () => {
  test("by its full name, however short either is written", () => {
    const images = [image("a", "nginx:1.27"), image("b", "reg.io/app")];
    expect(find(images, "docker.io/library/nginx:1.27")).toBe(digest("a"));
    expect(find(images, "reg.io/app:latest")).toBe(digest("b"));
    expect(find(images, "reg.io/nginx:1.27")).toBeUndefined();
  });

  test("by its digest, whatever its name", () => {
    const images = [image("a", "nginx:1.27"), image("b")];
    expect(find(images, `reg.io/app@${digest("b")}`)).toBe(digest("b"));
    expect(find(images, `reg.io/app:1@${digest("c")}`)).toBeUndefined();
  });

  test("by its tag, where that is all its name and one has it", () => {
    expect(find([image("a", "1.27"), image("b", "1.28")], "reg.io/app:1.28")).toBe(digest("b"));
    expect(find([image("a", "1"), image("b", "1")], "reg.io/app:1")).toBeUndefined();
  });

  test("as the only one without a name, and not under another's", () => {
    expect(find([image("a")], "reg.io/app:1")).toBe(digest("a"));
    expect(find([image("a"), image("b")], "reg.io/app:1")).toBeUndefined();
    expect(find([image("a", "reg.io/other:1")], "reg.io/app:1")).toBeUndefined();
  });
});

test("full names are those with a repository", () => {
  const names = ["nginx:1.27", "1.27", "reg.io/app", "no reference!", `a/b@${digest("a")}`];
  expect(fullNames(names)).toEqual([
    ...["docker.io/library/nginx:1.27", "reg.io/app:latest"],
    `docker.io/a/b@${digest("a")}`,
  ]);
});
