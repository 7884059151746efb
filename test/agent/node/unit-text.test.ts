import { expect, test } from "vitest";
import { execStartOf } from "../../../agent/node/unit-text.ts";

const OURS = "kubelet.service.d/zz-pullcast.conf";
const start = (...lines: string[]) => execStartOf(lines.join("\n"), OURS);

test("the last command line of all drop-ins counts, as kubeadm's units have it", () => {
  const found = start(
    "# /usr/lib/systemd/system/kubelet.service",
    "[Unit]",
    "Description=kubelet",
    "[Service]",
    "ExecStart=/usr/bin/kubelet",
    "Restart=always",
    "",
    "# /usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf",
    "# Note: This dropin only works with kubeadm",
    "[Service]",
    "EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env",
    "ExecStart=",
    "ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_EXTRA_ARGS",
  );
  expect(found).toBe("/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_EXTRA_ARGS");
});

test("lines that go on are one, comments between them aside, as k3s's unit has it", () => {
  const command = start(
    "# /etc/systemd/system/k3s.service",
    "[Service]",
    "ExecStartPre=-/sbin/modprobe overlay",
    "ExecStart=/usr/local/bin/k3s \\",
    "    server \\",
    "# a comment",
    "\t'--flannel-backend=none' \\",
    "",
    "[Install]",
  );
  expect(command).toBe("/usr/local/bin/k3s server '--flannel-backend=none'");
  expect(
    start("# /etc/systemd/system/k3s.service", "[Service]", "ExecStart=/k3s \\", "  server %H"),
  ).toBe("/k3s server %H");
});

test("our own drop-in doesn't count, wherever it is", () => {
  const unit = ["# /etc/systemd/system/kubelet.service", "[Service]", "ExecStart=/kubelet -v2", ""];
  const drop = ["[Service]", "ExecStart=", "ExecStart=/kubelet -v2 --more", ""];
  expect(start(...unit, `# /run/systemd/system/${OURS}`, ...drop)).toBe("/kubelet -v2");
  expect(start(...unit, `# /etc/systemd/system/${OURS}`, ...drop)).toBe("/kubelet -v2");
  expect(start(...unit, "# /etc/systemd/system/kubelet.service.d/99.conf", ...drop)).toBe(
    "/kubelet -v2 --more",
  );
});

test.each([
  ["none", ["[Service]", "Type=simple"]],
  ["several", ["[Service]", "ExecStart=/a", "ExecStart=/b"]],
  ["one of another section", ["[Unit]", "ExecStart=/a"]],
])("%s is no command line that flags could be added to", (_name, lines) => {
  expect(start("# /etc/systemd/system/kubelet.service", ...lines)).toBeUndefined();
});
