import { expect, test } from "vitest";
import { parseHostEntries } from "../../../agent/cluster/host-entries.ts";

test.each([
  ["10.0.0.1", { name: "10.0.0.1", host: "10.0.0.1" }],
  ["10.0.0.1:2222", { name: "10.0.0.1", host: "10.0.0.1", port: 2222 }],
  ["node.example:22", { name: "node.example", host: "node.example", port: 22 }],
  ["2001:db8::1", { name: "2001:db8::1", host: "2001:db8::1" }],
  ["[2001:db8::1]", { name: "2001:db8::1", host: "2001:db8::1" }],
  ["[2001:db8::1]:2222", { name: "2001:db8::1", host: "2001:db8::1", port: 2222 }],
  ["w1=10.0.0.1", { name: "w1", host: "10.0.0.1" }],
  ["w1=[fe80::1%eth0]:22", { name: "w1", host: "fe80::1%eth0", port: 22 }],
  ["127.0.0.1:2201", { name: "127.0.0.1", host: "127.0.0.1", port: 2201 }],
  [" my_host ", { name: "my_host", host: "my_host" }],
])("%j is read", (entry, target) => {
  expect(parseHostEntries([entry])).toEqual([{ ...target, addressKind: "given" }]);
});

test.each([
  "",
  "=10.0.0.1",
  "w1=",
  "10.0.0.1:",
  "10.0.0.1:0",
  "10.0.0.1:65536",
  "10.0.0.1:22x",
  "a:b:c",
  "-oProxyCommand=x",
  "x=-oProxyCommand",
  "a b",
  "a;b",
  "$(x)",
  "root@host",
  "[nope]:22",
  "[::1",
  "a\nb",
  "\u001b[31m",
])("%j is refused by name", (entry) => {
  expect(() => parseHostEntries(["ok.example", entry])).toThrow(
    expect.objectContaining({ code: "PC119" }),
  );
});

test("a login name has an option of its own", () => {
  expect(() => parseHostEntries(["root@10.0.0.1:22"])).toThrow(
    expect.objectContaining({
      message: expect.stringContaining("an entry takes no login name"),
      fix: "give the login name by itself: --ssh-user root, and 10.0.0.1:22 as the host",
    }),
  );
});

test("a name or an address that is given twice is refused", () => {
  const refused = (words: string) =>
    expect.objectContaining({ code: "PC119", message: expect.stringContaining(words) });
  expect(() => parseHostEntries(["a=10.0.0.1", "a=10.0.0.2"])).toThrow(
    refused('"a=10.0.0.2": the name a was given before'),
  );
  expect(() => parseHostEntries(["a=10.0.0.1:22", "b=10.0.0.1:22"])).toThrow(
    refused("the address 10.0.0.1:22 was given before"),
  );
  expect(() => parseHostEntries(["10.0.0.1:22", "b=10.0.0.1:23"])).not.toThrow();
});
