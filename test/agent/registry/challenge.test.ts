import { expect, test } from "vitest";
import { parseBearer } from "../../../agent/registry/challenge.ts";

test.each([
  [
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull"',
    {
      realm: "https://auth.docker.io/token",
      service: "registry.docker.io",
      scope: "repository:a/b:pull",
    },
  ],
  ['bearer realm="https://x/t"', { realm: "https://x/t" }],
  ["Bearer realm=https://x/t, service=s", { realm: "https://x/t", service: "s" }],
  ['Basic realm="r", Bearer realm="https://x/t"', { realm: "https://x/t" }],
  ['Bearer realm="a\\"b"', { realm: 'a"b' }],
  ['Basic realm="https://x/t"', undefined],
  ["Bearer", undefined],
  ['Bearer service="s"', undefined],
  [undefined, undefined],
  [`Bearer realm="${"x".repeat(9000)}"`, undefined],
])("%j", (header, challenge) => {
  expect(parseBearer(header)).toEqual(challenge);
});
