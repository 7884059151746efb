import { afterEach, expect, test } from "vitest";
import { httpsRequest } from "../../../agent/registry/https-request.ts";
import { proxyFor, proxySettings } from "../../../agent/registry/proxy.ts";
import { readCa } from "../../../agent/registry/reach.ts";
import { connectProxy } from "./connect-proxy.ts";
import { httpsRig } from "./https-rig.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((rig) => rig.close()));
});

const PROXY = "http://proxy.example:3128";

test.each([
  ["", "https://reg.example/", true],
  ["other.example", "https://reg.example/", true],
  ["reg.example", "https://reg.example/", false],
  ["example", "https://reg.example/", false],
  [".example", "https://reg.example/", false],
  ["*.example", "https://reg.example/", false],
  [".reg.example", "https://reg.example/", true],
  ["g.example", "https://reg.example/", true],
  ["reg.example:5000", "https://reg.example:5000/", false],
  ["reg.example:5000", "https://reg.example/", true],
  ["reg.example:443", "https://reg.example/", false],
  ["REG.example , x", "https://reg.example/", false],
  ["*", "https://reg.example/", false],
  ["10.0.0.0/8", "https://10.1.2.3:5000/", false],
  ["10.0.0.0/8", "https://11.1.2.3/", true],
  ["10.0.0.0/99", "https://10.1.2.3/", true],
  ["10.1.2.3", "https://10.1.2.3/", false],
  ["fd00::/8", "https://[fd00::1]/", false],
  ["fd00::1", "https://[fd00::1]:5000/", false],
  ["[fd00::1]:5000", "https://[fd00::1]:5000/", false],
  ["", "https://127.0.0.1:5000/", false],
  ["", "https://[::1]:5000/", false],
  ["", "https://localhost/", false],
])("NO_PROXY=%j and %s: through the proxy is %j, as in Go", (noProxy, url, through) => {
  const proxy = proxyFor(new URL(url), { httpsProxy: PROXY, noProxy });
  expect(proxy?.host).toBe(through ? "proxy.example:3128" : undefined);
});

test("a proxy's scheme may be left out; what is no proxy is refused without being shown", () => {
  const url = new URL("https://reg.example/");
  expect(proxyFor(url, { httpsProxy: "proxy.example:3128" })?.href).toBe(`${PROXY}/`);
  expect(proxyFor(url, {})).toBeUndefined();
  for (const httpsProxy of ["socks5://u:canary@p.example", "http://u:canary@:x"]) {
    expect(() => proxyFor(url, { httpsProxy })).toThrow(
      /^HTTPS_PROXY is not the URL of an HTTP proxy$/,
    );
  }
});

test("the environment's lower-case names win, and nothing else counts", () => {
  expect(
    proxySettings({
      HTTPS_PROXY: "a",
      https_proxy: "b",
      NO_PROXY: "c",
      HTTP_PROXY: "d",
      PATH: "e",
    }),
  ).toEqual({ httpsProxy: "b", noProxy: "c" });
  expect(proxySettings({})).toEqual({});
});

async function target() {
  const rig = await httpsRig(({ headers }, response) => response.end(headers.host), {
    names: ["reg.example"],
  });
  open.push(rig);
  return rig;
}

test("a request goes through the tunnel, its TLS ends at the target, and the proxy gets its own login alone", async () => {
  const rig = await target();
  const proxy = await connectProxy({ routes: { "reg.example:443": rig.port } });
  open.push(proxy);
  const httpsProxy = proxy.url.replace("//", "//user:p%40ss@");
  const answer = await httpsRequest(new URL("https://reg.example/x"), {
    headers: { Authorization: "Basic canary" },
    reach: { ca: await readCa(rig.caFile), proxy: { httpsProxy } },
    maxBytes: 1000,
    signal: new AbortController().signal,
  });
  expect(answer).toMatchObject({ status: 200, body: "reg.example" });
  expect(rig.requests).toEqual([{ method: "GET", url: "/x", authorization: "Basic canary" }]);
  const [tunnel] = proxy.tunnels;
  expect(tunnel?.authority).toBe("reg.example:443");
  expect(
    Buffer.from(tunnel?.headers["proxy-authorization"]?.slice(6) ?? "", "base64").toString(),
  ).toBe("user:p@ss");
  expect(JSON.stringify(tunnel)).not.toContain("canary");
});

test("a proxy that refuses or is gone is named, without its login", async () => {
  const proxy = await connectProxy({ routes: {}, refuse: 407 });
  open.push(proxy);
  const ask = (httpsProxy: string) =>
    httpsRequest(new URL("https://reg.example/"), {
      headers: {},
      reach: { proxy: { httpsProxy } },
      maxBytes: 1000,
      signal: new AbortController().signal,
    });
  await expect(ask(proxy.url.replace("//", "//user:canary@"))).rejects.toThrow(
    /^the proxy 127\.0\.0\.1:\d+ answered HTTP 407$/,
  );
  await proxy.close();
  await expect(ask(proxy.url)).rejects.toThrow(
    /^the proxy 127\.0\.0\.1:\d+ can't be used: .*ECONNREFUSED/,
  );
});

test("the certificate behind a tunnel is checked for the target's name", async () => {
  const rig = await target();
  const proxy = await connectProxy({ routes: { "other.example:443": rig.port } });
  open.push(proxy);
  const ask = httpsRequest(new URL("https://other.example/"), {
    headers: { Authorization: "Basic canary" },
    reach: { ca: await readCa(rig.caFile), proxy: { httpsProxy: proxy.url } },
    maxBytes: 1000,
    signal: new AbortController().signal,
  });
  await expect(ask).rejects.toThrow(/does not match certificate/);
  expect(rig.requests).toEqual([]);
});
