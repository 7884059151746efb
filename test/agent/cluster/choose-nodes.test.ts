import { expect, test } from "vitest";
import { chooseNodes } from "../../../agent/cluster/choose-nodes.ts";

const NODES = [{ name: "rvc-1" }, { name: "rvc-2" }, { name: "gpu.example" }];

test.each([
  ["rvc1", "did you mean rvc-1?"],
  ["gpu.exmaple", "did you mean gpu.example?"],
  ["nosuch", "kubectl get nodes"],
])("for %s the step is: %s", (name, fix) => {
  expect(() => chooseNodes(NODES, { names: [name], exclude: [] })).toThrow(
    expect.objectContaining({ code: "PC111", detail: name, fix }),
  );
});

test("a name that is near is offered for hosts as well, else what the caller says", () => {
  const choice = { exclude: [], fix: "name a host" };
  const refusal = (fix: string) => expect.objectContaining({ code: "PC111", fix });
  expect(() => chooseNodes(NODES, { ...choice, names: ["rvc-1x"] })).toThrow(
    refusal("did you mean rvc-1?"),
  );
  expect(() => chooseNodes(NODES, { ...choice, names: ["nosuch"] })).toThrow(
    refusal("name a host"),
  );
});
