import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type BootForm, bootDocument } from "../../../../agent/deploy/boot/documents.ts";
import { bootScript } from "../../../../agent/deploy/boot/script.ts";
import { standingHeader } from "../../../../agent/node/compose.ts";
import { loadedConfig } from "../../../rig/loaded-config.ts";

const RUN = "20260102T030405Z-0000000aa";
const place = { name: "workers", namespace: "clusters" };
const config = loadedConfig({ "reg.example": "robot:canary" });

function script(dir: string) {
  const header = standingHeader({ dir, run: RUN, replace: false, config, story: "{}" });
  return bootScript({ dir, run: RUN, header, config: config.bytes });
}
const objects = (form: BootForm) => {
  const document = bootDocument(form, script("/var/lib/kubelet"), place);
  return document.type === "objects" ? document.objects : [];
};

describe("documents", () => {
  test("cloud-init's part is YAML whose one command is the script, in a shell of its own", () => {
    const document = bootDocument("cloud-init", script("/var/lib/kubelet"), place);
    const text = document.type === "text" ? document.text : "";
    expect(text.startsWith("#cloud-config\n")).toBe(true);
    const { bootcmd } = parse(text) as { bootcmd: string[] };
    expect(bootcmd).toEqual([`(\n${script("/var/lib/kubelet").reveal()})\n`]);
  });

  test("Ignition's file is the script, root's alone", () => {
    const [document] = objects("ignition") as [
      { storage: { files: [{ mode: number; contents: { source: string } }] } },
    ];
    const [{ mode, contents }] = document.storage.files;
    const packed = Buffer.from(contents.source.replace("data:;base64,", ""), "base64");
    expect(gunzipSync(packed).toString()).toBe(script("/var/lib/kubelet").reveal());
    expect(mode).toBe(0o700);
  });

  test("Cluster API's template names the Secret beside it, and holds nothing secret", () => {
    const [secret, template] = objects("kubeadm");
    expect(secret).toMatchObject({
      kind: "Secret",
      metadata: { name: "workers-pullcast", namespace: "clusters" },
      data: { boot: Buffer.from(script("/var/lib/kubelet").reveal()).toString("base64") },
    });
    expect(JSON.stringify(template)).not.toContain(
      Buffer.from("robot:canary").toString("base64").slice(0, 12),
    );
    expect(template).toMatchObject({ metadata: { name: "workers", namespace: "clusters" } });
  });

  test("Terraform reads nothing of it as a template of its own", () => {
    const [document] = objects("terraform") as [{ locals: { pullcast_cloud_config: string } }];
    const text = document.locals.pullcast_cloud_config;
    expect(text.match(/[$%]\{/g)).toEqual(["${"]);
  });
});

test("the script is ASCII, and fits into user data beside others' parts", () => {
  const text = script("/var/lib/kubelet").reveal();
  expect(text).toMatch(/^[\n\x20-\x7e]+$/);
  expect(text.length).toBeLessThan(10 * 1024);
});
