import { expect, test } from "vitest";
import { chooseRoute } from "../../../agent/operations/advise/choose-route.ts";
import type { ClusterFacts, Wish } from "../../../agent/operations/advise/model.ts";

const OWN: ClusterFacts = {
  ...{ nodes: 3, unsuited: [], alwaysPull: false, annotated: 0, oldestKubelet: "v1.35.4" },
};
const GKE = {
  ...{ why: "GKE replaces nodes", nodes: 3, unwise: true },
  fix: "pullcast secret apply; for Artifact Registry give the role; --force pushes all the same",
};
const TALOS = { why: "Talos has no SSH", nodes: 3, unwise: false, fix: "talosctl patch" };

interface Case {
  readonly want: Wish;
  readonly facts?: Partial<ClusterFacts>;
  readonly route: string;
  readonly command: string;
}

test.each<[string, Case]>([
  ["images for anybody", { want: "public", route: "none", command: "" }],
  ["own nodes", { want: "all", route: "node-provider", command: "push --delivery provider" }],
  [
    "old kubelets",
    {
      want: "all",
      facts: { oldestKubelet: "v1.25.3" },
      route: "node-file",
      command: "push --waves",
    },
  ],
  [
    "a cloud that replaces nodes",
    { want: "all", facts: { unsuited: [GKE] }, route: "secrets", command: "give the role" },
  ],
  [
    "a sealed system",
    { want: "all", facts: { unsuited: [TALOS] }, route: "cloud", command: "talosctl patch" },
  ],
  ["some for some pods", { want: "some", route: "secrets", command: "--only registry.example" }],
  [
    "tenants",
    { want: "tenants", facts: { unsuited: [GKE] }, route: "secrets", command: "tenant=A" },
  ],
])("%s", (_name, { want, facts, route, command }) => {
  const { advised } = chooseRoute(want, { ...OWN, ...facts });
  expect(advised.route).toBe(route);
  expect(advised.commands.join("\n")).toContain(command);
  expect(advised.exposes.length).toBeGreaterThan(0);
});

test("no command is a clause of another one's fix", () => {
  const { advised } = chooseRoute("all", { ...OWN, unsuited: [GKE] });
  expect(advised.commands.join("\n")).not.toContain("--force");
});

test("what is not known about fresh pulls is said so", () => {
  const { alwaysPull: _no, ...unknown } = OWN;
  expect(chooseRoute("some", unknown).advised.why.join()).toContain("is not known");
  expect(chooseRoute("some", OWN).advised.why.join()).toContain("without AlwaysPullImages");
  expect(chooseRoute("some", { ...OWN, alwaysPull: true }).advised.why.join()).toContain(
    "afresh, so",
  );
});
