import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, expect, test } from "vitest";
import { type Gateway, openGateway, type WatchEvent } from "../../../agent/cluster/gateway.ts";
import { readHeartbeat, waitReady } from "../../../agent/cluster/node-ready.ts";
import { type StubKubectl, stubKubectl, stubProxy } from "./stub-kubectl.ts";

const stubs: StubKubectl[] = [];
const gateways: Gateway[] = [];
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.close()));
  await Promise.all(stubs.splice(0).map((stub) => stub.remove()));
});

const never = new AbortController().signal;

async function stub(body: string): Promise<{ program: string }> {
  const made = await stubKubectl(body);
  stubs.push(made);
  return { program: made.program };
}

/** A gateway to a stub that answers with `handler`, a function's source. */
async function open(handler: string): Promise<Gateway> {
  const gateway = await openGateway(await stub(stubProxy(handler)), never);
  gateways.push(gateway);
  return gateway;
}

const NODE = (heartbeat: string, status: string) =>
  `{kind:"Node",status:{conditions:[{type:"Ready",status:"${status}",lastHeartbeatTime:"${heartbeat}"}]}}`;
const JSON_HEAD = 'res.setHeader("Content-Type","application/json");';

test("requests carry method, path and JSON, and a status is a value", async () => {
  const gateway = await open(`(req, res) => {
    let text = "";
    req.on("data", (chunk) => { text += chunk; }).on("end", () => {
      ${JSON_HEAD}
      res.statusCode = 409;
      res.end(JSON.stringify({ method: req.method, url: req.url, body: JSON.parse(text) }));
    });
  }`);
  const answer = await gateway.request("POST", "/api/v1/x?y=1", { a: "é" });
  expect(answer).toEqual({
    status: 409,
    body: { method: "POST", url: "/api/v1/x?y=1", body: { a: "é" } },
  });
});

test("a text stays text, broken JSON is PC105", async () => {
  const gateway = await open(`(req, res) => {
    if (req.url === "/json") { ${JSON_HEAD} res.end('{"a":'); }
    else res.end("SUCCESS\\n");
  }`);
  expect(await gateway.request("GET", "/log")).toEqual({ status: 200, body: "SUCCESS\n" });
  await expect(gateway.request("GET", "/json")).rejects.toMatchObject({ code: "PC105" });
});

test("a watch gives whole events however they are cut, and ends with the server", async () => {
  const gateway = await open(`(req, res) => {
    res.write('{"type":"ADDED","obj');
    setImmediate(() => { res.write('ect":1}\\n{"type":"MODI'); setImmediate(() => res.end('FIED","object":2}\\n')); });
  }`);
  const events: WatchEvent[] = [];
  await gateway.watch("/w", (event) => events.push(event), never);
  expect(events).toEqual([
    { type: "ADDED", object: 1 },
    { type: "MODIFIED", object: 2 },
  ]);
});

test("a watch ends when its signal aborts, and a refused one is an error", async () => {
  const gateway = await open(`(req, res) => {
    if (req.url === "/no") { ${JSON_HEAD} res.statusCode = 403; res.end('{"message":"no \\\\u001b"}'); }
    else res.write('{"type":"ADDED","object":1}\\n');
  }`);
  const controller = new AbortController();
  await gateway.watch("/w", () => controller.abort(), controller.signal);
  const refused = gateway.watch("/no", () => undefined, never);
  await expect(refused).rejects.toMatchObject({ code: "PC104", detail: "HTTP 403: no \\x1b" });
});

test("a proxy that dies under a request or a watch is PC103 with its last words", async () => {
  const gateway = await open(`(req, res) => {
    process.stderr.write("error: boom\\n", () => process.exit(1));
  }`);
  const [asked, watched] = await Promise.allSettled([
    gateway.request("GET", "/x"),
    gateway.watch("/w", () => undefined, never),
  ]);
  expect(asked).toMatchObject({ reason: { code: "PC103" } });
  expect(watched).toMatchObject({ reason: { code: "PC103" } });
  await expect(gateway.request("GET", "/x")).rejects.toMatchObject({
    code: "PC103",
    detail: "kubectl proxy is gone: boom",
  });
});

test("nothing is left after close, and closing twice is fine", async () => {
  const seen = new Set(readdirSync(tmpdir()));
  const gateway = await open(`(req, res) => { res.end(String(process.pid)); }`);
  const { body } = await gateway.request("GET", "/");
  const made = readdirSync(tmpdir()).filter(
    (name) => /^pullcast-[^-]+$/.test(name) && !seen.has(name),
  );
  expect(made.length).toBeGreaterThan(0);
  await Promise.all([gateway.close(), gateway.close()]);
  expect(() => process.kill(Number(body), 0)).toThrow(expect.objectContaining({ code: "ESRCH" }));
  // Another test's gateway may have made one of them, so ours is the one that is gone.
  expect(made.some((name) => !existsSync(`${tmpdir()}/${name}`))).toBe(true);
});

test("a proxy that ends at once or hangs is told", async () => {
  const ends = await stub(
    `process.stderr.write('error: context "x" does not exist\\n'); process.exitCode = 1;`,
  );
  await expect(openGateway(ends, never)).rejects.toMatchObject({
    code: "PC102",
    detail: 'kubectl proxy ended at once: context "x" does not exist',
  });
  const controller = new AbortController();
  const hangs = openGateway(await stub("setInterval(() => {}, 1000);"), controller.signal);
  const reason = new Error("stop");
  controller.abort(reason);
  await expect(hangs).rejects.toBe(reason);
  await expect(openGateway({ program: "/nonexistent/kubectl" }, never)).rejects.toMatchObject({
    code: "PC101",
  });
});

test("a node counts as back only with a heartbeat that the old kubelet did not send", async () => {
  const gateway = await open(`(req, res) => {
    ${JSON_HEAD}
    const line = (object) => res.write(JSON.stringify({ type: "MODIFIED", object }) + "\\n");
    if (!req.url.includes("watch=1")) return res.end(JSON.stringify(${NODE("T1", "True")}));
    line(${NODE("T1", "True")});
    line(${NODE("T2", "False")});
    setTimeout(() => line(${NODE("T3", "True")}), 100);
  }`);
  expect(await readHeartbeat(gateway, "n1")).toEqual({ ready: true, heartbeat: "T1" });
  await waitReady(gateway, "n1", { after: "T1", timeoutMs: 10_000, signal: never });
});

test("a node that never comes back is PC503 with what it last said", async () => {
  const gateway = await open(`(req, res) => {
    if (req.url.includes("n3")) { res.statusCode = 404; return res.end("no"); }
    const object = req.url.includes("n1") ? ${NODE("T1", "True")} : ${NODE("T2", "False")};
    res.end(JSON.stringify({ type: "ADDED", object }) + "\\n");
  }`);
  const wait = (name: string) =>
    waitReady(gateway, name, { after: "T1", timeoutMs: 200, signal: never });
  await expect(wait("n1")).rejects.toMatchObject({
    code: "PC503",
    detail: expect.stringContaining("it has not reported since the restart"),
  });
  await expect(wait("n2")).rejects.toMatchObject({ detail: expect.stringContaining("not Ready") });
  await expect(readHeartbeat(gateway, "n3")).rejects.toMatchObject({ code: "PC111" });
});
