import { afterAll, expect, test } from "vitest";
import { cleanup } from "../../../agent/operations/cleanup.ts";
import { stubKubectl } from "../cluster/stub-kubectl.ts";

const stubs: Awaited<ReturnType<typeof stubKubectl>>[] = [];
afterAll(() => Promise.all(stubs.map((stub) => stub.remove())));

/** A stub of kubectl in front of an API server that has no pods, and answers `status` about a namespace. */
async function cleaned(status: number) {
  const stub = await stubKubectl(`
    if (args[0] === "config") {
      console.log(JSON.stringify({ name: "stub", context: {} }));
      console.log(JSON.stringify({ cluster: { server: "https://stub:6443" } }));
    } else {
      const path = args.find((arg) => arg.startsWith("--unix-socket=")).slice(14);
      require("node:http").createServer((request, response) => {
        response.setHeader("Content-Type", "application/json");
        const isPods = request.url.startsWith("/api/v1/namespaces/team/pods?");
        response.writeHead(isPods ? 200 : ${status}).end('{"items":[]}');
      }).listen(path, () => console.log("Starting to serve on " + path));
    }
  `);
  stubs.push(stub);
  return await cleanup({
    kubectl: { program: stub.program },
    namespace: "team",
    signal: new AbortController().signal,
    report: () => {},
  });
}

test("a namespace that isn't there is an error, not a clean one", async () => {
  await expect(cleaned(404)).rejects.toMatchObject({
    code: "PC001",
    detail: "there is no namespace team",
    fix: "kubectl get namespaces",
  });
});

test.each([200, 403])(
  "one that is there, or that the user may not ask about (%i), is clean",
  async (status) => {
    expect((await cleaned(status)).items).toEqual([]);
  },
);
