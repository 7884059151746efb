import { expect, test } from "vitest";
import { servesImage } from "../../../agent/kubelet/look-up.ts";
import {
  portsOf,
  providerPatterns,
  tooLongKeys,
} from "../../../agent/kubelet/provider-patterns.ts";

const served = (image: string, ...ports: string[]) =>
  providerPatterns(ports).some((pattern) => servesImage(pattern, image));

test.each([
  "localhost/app",
  "docker.io/library/app",
  "a.b.c.d.e.f.g.h/deep/er/app",
  "10.0.0.1/app",
])("%s is served without a port", (image) => {
  expect(served(image)).toBe(true);
});

test("a port must be named", () => {
  expect(served("reg.example:5000/app")).toBe(false);
  expect(served("reg.example:5000/app", "5000")).toBe(true);
  expect(served("localhost:5000/app", "5000")).toBe(true);
  expect(served("reg.example/app", "5000")).toBe(true);
});

test("a name of nine parts is served by none", () => {
  expect(served("a.b.c.d.e.f.g.h.i/app")).toBe(false);
  expect(tooLongKeys(["a.b.c.d.e.f.g.h/x", "https://a.b.c.d.e.f.g.h.i/v1/"])).toEqual([
    "https://a.b.c.d.e.f.g.h.i/v1/",
  ]);
});

test("ports are those of keys as a kubelet reads them", () => {
  const keys = ["https://b.example:8443/v1/", "a.example:443", "c.example", "d.example:8443/team"];
  expect(portsOf(keys)).toEqual(["443", "8443"]);
  expect(portsOf(["a.example:port"])).toEqual([]);
});
