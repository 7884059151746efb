import { afterEach, expect, test } from "vitest";
import { parseContext, readContext } from "../../../agent/cluster/context.ts";
import { type StubKubectl, stubKubectl } from "./stub-kubectl.ts";

const stubs: StubKubectl[] = [];
afterEach(async () => {
  await Promise.all(stubs.splice(0).map((stub) => stub.remove()));
});

const lines = (context: object, cluster: object) =>
  `${JSON.stringify(context)}\n${JSON.stringify(cluster)}\n`;

test("name, server and namespace are read, a login in the URL is left out", () => {
  const cluster = { name: "c", cluster: { server: "https://me:secret@api.example:6443/x" } };
  expect(parseContext(lines({ name: "prod", context: { namespace: "ci" } }, cluster))).toEqual({
    name: "prod",
    server: "https://api.example:6443/x",
    namespace: "ci",
  });
  expect(parseContext(lines({ name: "dev", context: {} }, cluster)).namespace).toBe("default");
});

test("what is not JSON is PC105", () => {
  expect(() => parseContext("map[name:dev]\n")).toThrow(expect.objectContaining({ code: "PC105" }));
});

test("without a kubeconfig there is no context, unless one was asked for", async () => {
  const stub = await stubKubectl(`
    process.stderr.write("error: current-context must exist in order to minify\\n");
    process.exitCode = 1;
  `);
  stubs.push(stub);
  const never = new AbortController().signal;
  expect(await readContext({ program: stub.program }, never)).toBeUndefined();
  const asked = readContext({ program: stub.program, context: "prod" }, never);
  await expect(asked).rejects.toMatchObject({ code: "PC102" });
});
