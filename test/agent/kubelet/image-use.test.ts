import { describe, expect, test } from "vitest";
import { type ImageUseFacts, imageUse } from "../../../agent/kubelet/image-use.ts";

const use = (facts: Partial<ImageUseFacts> = {}) =>
  imageUse({
    ...{ image: "reg.io/team/app:1", repository: "reg.io/team/app", isLatest: false },
    ...{ allowlist: [], kubeletVersion: "v1.35.4", ...facts },
  }).offline;
const record = (name: string, isOpen = false) => new Map([[name, { isOpen }]]);

describe("an image that is there starts a pod without a registry", () => {
  test("unless each pod is made to pull", () => {
    expect(use()).toBe("yes");
    expect(use({ alwaysPull: true })).toBe("no");
  });

  test("of the tag latest only where the pod says so", () => {
    expect(use({ isLatest: true })).toBe("with-policy");
  });

  test("unless the kubelet pulled the same image under another name", () => {
    const other = { record: record("reg.io/team/other", true) };
    expect(use(other)).toBe("no");
    expect(use({ ...other, policy: "NeverVerify" })).toBe("yes");
    expect(use({ ...other, gate: false })).toBe("yes");
    expect(use({ ...other, kubeletVersion: "v1.34.9" })).toBe("yes");
    expect(use({ ...other, kubeletVersion: "v1.34.9", gate: true })).toBe("no");
  });

  test("under the name that the kubelet pulled it by, as far as it lets others", () => {
    expect(use({ record: record("reg.io/team/app", true) })).toBe("yes");
    expect(use({ record: record("reg.io/team/app", false) })).toBe("with-credentials");
    expect(use({ record: new Map() })).toBe("no");
  });

  test("by a policy of the kubelet's that names it, or lets it be", () => {
    expect(use({ policy: "AlwaysVerify" })).toBe("no");
    const listed = { policy: "NeverVerifyAllowlistedImages", record: record("reg.io/team/app") };
    expect(use({ ...listed, allowlist: ["reg.io/team/*"] })).toBe("yes");
    expect(use({ ...listed, allowlist: ["reg.io/teams/*"] })).toBe("with-credentials");
    // A name without a tag serves pods that write none.
    expect(use({ ...listed, allowlist: ["reg.io/team/app"] })).toBe("with-credentials");
    expect(use({ policy: "NeverVerifyAllowlistedImages" })).toBe("no");
  });
});
