import fc from "fast-check";
import { expect, test } from "vitest";
import { judgeEntry } from "../../../agent/credentials/judge-entry.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** The verdict with its secret laid open, for comparing. */
function judged(entry: unknown) {
  const content = judgeEntry(entry);
  if (content?.type === "login") return { ...content, auth: content.auth.reveal() };
  if (content?.type === "identity-token") return { ...content, token: content.token.reveal() };
  return content;
}

function login(pair: string) {
  return { type: "login", username: pair.slice(0, pair.indexOf(":")), auth: base64(pair) };
}

test.each([
  ["auth", { auth: base64("u:p") }, "u:p"],
  ["a name and a password", { username: "u", password: "p" }, "u:p"],
  ["auth over a name and a password", { auth: base64("u:p"), username: "x", password: "y" }, "u:p"],
  ["a password with colons", { auth: base64("u:p:q:") }, "u:p:q:"],
  ["auth without its padding", { auth: base64("user:pass").replaceAll("=", "") }, "user:pass"],
  ["auth with line breaks, as base64 -w76 writes it", { auth: "dTpw\r\ncA==\n" }, "u:pp"],
  ["an empty auth beside a name", { auth: "", username: "u", password: "p" }, "u:p"],
  ["null beside a name", { auth: null, username: "u", password: "p" }, "u:p"],
  ["what kubelets ignore beside auth", { auth: base64("u:p"), email: 5, other: {} }, "u:p"],
  ["a password of bytes above ASCII", { username: "ü", password: "密" }, "ü:密"],
])("keeps %s", (_name, entry, pair) => {
  expect(judged(entry)).toEqual(login(pair));
});

test.each(["identitytoken", "registrytoken"])(
  "tells of a login that %s stands beside it",
  (name) => {
    const entry = { auth: base64("u:p"), [name]: "t" };
    expect(judged(entry)).toEqual({ ...login("u:p"), hasToken: true });
  },
);

test.each([
  [{ registrytoken: "t" }, "it has only a registry token, which kubelets ignore"],
  [{ auth: "?", identitytoken: "t" }, "its auth is not base64"],
  [{ username: "u", password: "p", auth: "?" }, "its auth is not base64"],
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
  expect(judged(entry)).toEqual({ type: "unusable", reason });
});

test.each([{}, { auth: "" }, { email: "a@b" }, { auth: null }])(
  "%j holds nothing: docker leaves such entries beside a credential store",
  (entry) => {
    expect(judgeEntry(entry)).toBeUndefined();
  },
);

test.each([
  { identitytoken: "t" },
  // As Azure's login writes it.
  { auth: base64("00000000-0000-0000-0000-000000000000:"), identitytoken: "t" },
  { IdentityToken: "t", username: "u" },
])("%j has only an identity token", (entry) => {
  expect(judged(entry)).toEqual({ type: "identity-token", token: "t" });
});

test("fields count in any case, the last one that is not null, as docker and the kubelet read them", () => {
  expect(judged({ Auth: base64("a:b") })).toEqual(login("a:b"));
  expect(judged({ auth: base64("a:b"), AUTH: base64("u:p"), Auth: null })).toEqual(login("u:p"));
});

test.each(["u:p\n", "u:p\r\n", "u:p\0"])("doubts a password that ends like %j", (pair) => {
  expect(judged({ auth: base64(pair) })).toEqual({
    ...login(pair),
    doubt: "the password ends in a line break or NUL",
  });
});

test("doesn't take credentials from a prototype", () => {
  const inherited = Object.create({ auth: base64("u:p") }) as unknown;
  expect(judgeEntry(inherited)).toBeUndefined();
});

test("whatever is kept decodes to what was given", () => {
  const text = fc.string({ unit: "grapheme", minLength: 1 });
  fc.assert(
    fc.property(text, text, (username, password) => {
      fc.pre(!username.includes(":"));
      const plain = judged({ username, password });
      const encoded = judged({ auth: base64(`${username}:${password}`) });
      expect(plain).toEqual(encoded);
      expect(plain).toMatchObject(login(`${username}:${password}`));
    }),
  );
});
