import fc from "fast-check";
import { expect, test } from "vitest";
import { judgeEntry } from "../../../agent/credentials/kubelet-entry.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const kept = (pair: string) => ({ type: "kept", auth: base64(pair) });

test.each([
  ["auth", { auth: base64("u:p") }, "u:p"],
  ["a name and a password", { username: "u", password: "p" }, "u:p"],
  ["auth over a name and a password", { auth: base64("u:p"), username: "x", password: "y" }, "u:p"],
  ["a password with colons", { auth: base64("u:p:q:") }, "u:p:q:"],
  ["auth without its padding", { auth: base64("user:pass").replaceAll("=", "") }, "user:pass"],
  ["auth with line breaks, as base64 -w76 writes it", { auth: "dTpw\r\ncA==\n" }, "u:pp"],
  ["an empty auth beside a name", { auth: "", username: "u", password: "p" }, "u:p"],
  ["null beside a name", { auth: null, username: "u", password: "p" }, "u:p"],
  [
    "what kubelets ignore beside auth",
    { auth: base64("u:p"), identitytoken: "t", email: 5 },
    "u:p",
  ],
  ["a password of bytes above ASCII", { username: "ü", password: "密" }, "ü:密"],
])("keeps %s", (_name, entry, pair) => {
  expect(judgeEntry(entry)).toEqual(kept(pair));
});

test.each([
  [{}, "it has no credentials"],
  [{ auth: "" }, "it has no credentials"],
  [{ email: "a@b" }, "it has no credentials"],
  [{ identitytoken: "t" }, "it has only a token, which kubelets ignore"],
  [{ registrytoken: "t" }, "it has only a token, which kubelets ignore"],
  [
    { auth: base64("00000000-0000-0000-0000-000000000000:"), identitytoken: "t" },
    "it has only a token, which kubelets ignore",
  ],
  [{ auth: base64("u:") }, "the password is empty"],
  [{ username: "u" }, "the password is empty"],
  [{ auth: base64(":p") }, "the user name is empty"],
  [{ password: "p" }, "the user name is empty"],
  [{ username: "a:b", password: "p" }, "the user name holds a colon"],
  [{ auth: base64("nocolon") }, "its auth holds no colon"],
  [{ auth: "dTpw=" }, "its auth is not base64"],
  [{ auth: "dTpwc===" }, "its auth is not base64"],
  [{ auth: "dTpwc" }, "its auth is not base64"],
  [{ auth: " dTpw" }, "its auth is not base64"],
  [{ auth: "dTpw " }, "its auth is not base64"],
  [{ auth: "dT-_" }, "its auth is not base64"],
  [{ auth: "=" }, "its auth is not base64"],
  [{ auth: 5 }, "auth, username or password is not a string"],
  [{ auth: base64("u:p"), password: [] }, "auth, username or password is not a string"],
  [{ username: "u", password: "p\ud800" }, "it holds half a character"],
  [null, "the entry is not an object"],
  ["dTpw", "the entry is not an object"],
  [[{ auth: "dTpw" }], "the entry is not an object"],
])("drops %j, which would void the file or send nothing", (entry, reason) => {
  expect(judgeEntry(entry)).toEqual({ type: "dropped", reason });
});

test.each(["u:p\n", "u:p\r\n", "u:p\0"])("doubts a password that ends like %j", (pair) => {
  expect(judgeEntry({ auth: base64(pair) })).toEqual({
    ...kept(pair),
    doubt: "the password ends in a line break or NUL",
  });
});

test("doesn't take credentials from a prototype", () => {
  const inherited = Object.create({ auth: base64("u:p") }) as unknown;
  expect(judgeEntry(inherited)).toMatchObject({ type: "dropped" });
});

test("whatever is kept decodes to what was given", () => {
  const text = fc.string({ unit: "grapheme", minLength: 1 });
  fc.assert(
    fc.property(text, text, (username, password) => {
      fc.pre(!username.includes(":"));
      const plain = judgeEntry({ username, password });
      const encoded = judgeEntry({ auth: base64(`${username}:${password}`) });
      expect(plain).toEqual(encoded);
      expect(plain).toMatchObject(kept(`${username}:${password}`));
    }),
  );
});
