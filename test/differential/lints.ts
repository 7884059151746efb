import type { Code } from "../../agent/errors.ts";

/** What a lint says of a file, and images for which the kubelet's own packages show it. */
export interface LintPair {
  /** The lint, and what makes it differ from others of its code. */
  readonly code: Code;
  readonly name: string;
  readonly text: string;
  /** The key it is about; absent for the whole file. */
  readonly key?: string;
  /** For each image the users that are tried, in order; `|` between users of one key, in random order. */
  readonly claims: Readonly<Record<string, readonly string[]>>;
  /** The kubelet takes no credentials from the file at all. */
  readonly isVoid?: true;
}

type Claims = LintPair["claims"];
type Titled = readonly [code: Code, name: string];

/** Entries with users `u0`, `u1`, … */
function keys(...names: readonly string[]): string {
  return entries(names.map((name, at) => [name, `{"username":"u${at}","password":"p${at}"}`]));
}

function entries(list: readonly (readonly [key: string, entry: string])[]): string {
  return `{"auths":{${list.map(([key, entry]) => `${JSON.stringify(key)}:${entry}`).join(",")}}}`;
}

/** A file whose every other entry is lost with the bad one. */
function withBad(entry: string): string {
  return entries([
    ["reg.example", '{"username":"u0","password":"p0"}'],
    ["bad.example", entry],
  ]);
}

function voids(name: string, entry: string): LintPair {
  const text = withBad(entry);
  return { code: "PC650", name, text, key: "bad.example", claims: {}, isVoid: true };
}

/** A login that is tried as it is, although it can't be right. */
function tried([code, name]: Titled, entry: string, user: string): LintPair {
  const claims = { "bad.example/app": [user], "reg.example/app": ["u0"] };
  return { code, name, text: withBad(entry), key: "bad.example", claims };
}

/** The first key is the one the lint is about. */
function key(
  [code, name]: Titled,
  names: readonly [string, ...string[]],
  claims: Claims,
): LintPair {
  return { code, name, text: keys(...names), key: names[0], claims };
}

const APP = "reg.example/team/app";
const base64 = (text: string) => Buffer.from(text).toString("base64");

/** A pair for each thing that lint says. */
export const LINT_PAIRS: readonly LintPair[] = [
  voids("auth that is not base64", '{"auth":"not base64!"}'),
  voids("auth without a colon", `{"auth":"${base64("token")}"}`),
  voids("auth padded where it must not be", '{"auth":"dTpwdw="}'),
  voids("a number for a password", '{"username":"u","password":1}'),
  voids("an entry that is a text", '"dTpw"'),
  voids("an entry that is a list", "[]"),
  {
    code: "PC650",
    name: "auths that are a list",
    text: '{"auths":[]}',
    claims: {},
    isVoid: true,
  },
  tried(["PC651", "an empty entry, as Docker Desktop leaves it"], "{}", ""),
  tried(["PC651", "null for an entry"], "null", ""),
  tried(["PC651", "an empty password"], `{"auth":"${base64("u1:")}"}`, "u1"),
  tried(["PC651", "an empty user name"], `{"auth":"${base64(":p1")}"}`, ""),
  tried(["PC652", "an identity token alone"], '{"identitytoken":"t"}', ""),
  tried(
    ["PC652", "Azure's identity token"],
    `{"auth":"${base64("u1:")}","identitytoken":"t"}`,
    "u1",
  ),
  tried(["PC652", "a registry token alone"], '{"registrytoken":"t"}', ""),
  tried(["PC652", "a helper's token"], '{"username":"<token>","password":"t"}', "<token>"),
  tried(
    ["PC653", "a token beside a password"],
    `{"auth":"${base64("u1:p1")}","identitytoken":"t"}`,
    "u1",
  ),
  tried(["PC613", "a password that ends in a line break"], `{"auth":"${base64("u1:p1\n")}"}`, "u1"),
  tried(["PC613", "half a character"], '{"username":"u1","password":"p\\ud800"}', "u1"),
  tried(["PC668", "a user name with a colon"], '{"username":"u1:x","password":"p"}', "u1:x"),
  key(["PC654", "a scheme of others"], ["oci://reg.example"], { [APP]: [] }),
  key(["PC654", "a scheme in capitals"], ["HTTPS://reg.example"], { [APP]: [] }),
  key(["PC654", "Docker Hub without the last slash"], ["https://index.docker.io/v1"], { app: [] }),
  key(["PC654", "Docker Hub with a path"], ["index.docker.io/team"], { "team/app": [] }),
  key(["PC654", "brackets"], ["reg[0-9].example"], { "reg1.example/app": [] }),
  key(["PC654", "a bad escape"], ["reg.example/%zz"], { [APP]: [] }),
  key(["PC654", "a space"], ["reg.example "], { [APP]: [] }),
  key(["PC654", "a dot at the end"], ["reg.example."], { [APP]: [], "reg.example./app": [] }),
  key(["PC654", "a dot at the start"], [".reg.example"], { "a.reg.example/app": [], [APP]: [] }),
  key(["PC654", "IPv6 without brackets"], ["2001:db8::1"], { "[2001:db8::1]/app": [] }),
  key(["PC654", "a port by name"], ["reg.example:https"], { [APP]: [] }),
  key(["PC654", "capitals in the path"], ["reg.example/Team"], { [APP]: [] }),
  key(["PC654", "a tag"], ["reg.example/team/app:1"], { "reg.example/team/app:1": [] }),
  key(["PC654", "a star in the path"], ["reg.example/*"], { [APP]: [] }),
  key(["PC654", "a host without a dot"], ["registry"], { "registry/app": [] }),
  key(["PC654", "an empty key"], [""], { [APP]: [] }),
  key(["PC655", "v2 without its slash"], ["https://reg.example/v2"], {
    [APP]: [],
    "reg.example/v2/app": ["u0"],
  }),
  key(["PC655", "a URL with a path"], ["https://reg.example/team/"], {
    [APP]: ["u0"],
    "reg.example/other/app": [],
  }),
  key(["PC656", "the registry behind Docker Hub"], ["registry-1.docker.io"], {
    app: [],
    "docker.io/team/app": [],
    "registry-1.docker.io/team/app": ["u0"],
  }),
  key(["PC656", "Docker Hub's website"], ["https://hub.docker.com"], { app: [] }),
  key(["PC656", "Docker Hub with a port"], ["index.docker.io:443"], { app: [] }),
  key(["PC657", "port 443"], ["reg.example:443"], { [APP]: [], "reg.example:443/app": ["u0"] }),
  key(["PC657", "port 80"], ["http://reg.example:80"], { [APP]: [], "reg.example:80/app": ["u0"] }),
  key(["PC658", "capitals in the host"], ["Reg.Example"], { [APP]: [], "Reg.Example/app": ["u0"] }),
  key(["PC660", "a scheme and none"], ["https://reg.example", "reg.example"], { [APP]: ["u0|u1"] }),
  key(["PC660", "the API's path and none"], ["reg.example/v1/", "reg.example"], {
    [APP]: ["u0|u1"],
  }),
  key(["PC660", "Docker Hub twice"], ["https://index.docker.io/v1/", "index.docker.io"], {
    app: ["u0|u1"],
  }),
  key(["PC661", "docker.io before index.docker.io"], ["https://index.docker.io/v1/", "docker.io"], {
    app: ["u1"],
    "team/app": ["u1"],
  }),
  key(["PC661", "a wildcard before index.docker.io"], ["index.docker.io", "*.io"], { app: ["u1"] }),
  key(["PC662", "a path without a slash at its end"], ["reg.example/team"], {
    [APP]: ["u0"],
    "reg.example/team-b/app": ["u0"],
  }),
  key(["PC663", "a path and its host"], ["reg.example/team/", "reg.example"], {
    [APP]: ["u0", "u1"],
  }),
  key(["PC663", "a path that begins like another"], ["reg.example/team-b/", "reg.example/team"], {
    "reg.example/team-b/app": ["u0", "u1"],
  }),
  key(["PC663", "a host and a wildcard"], ["a.reg.example", "*.reg.example"], {
    "a.reg.example/app": ["u0", "u1"],
  }),
  key(["PC664", "a star before the last part"], ["*.example"], {
    [APP]: ["u0"],
    "evil.example/app": ["u0"],
  }),
  key(["PC664", "a star for the last part"], ["reg.*"], { "reg.evil/app": ["u0"] }),
  key(["PC665", "a star alone"], ["*"], { [APP]: [], app: [], "localhost/app": ["u0"] }),
  key(["PC665", "two stars"], ["**.reg.example"], {
    "a.reg.example/app": ["u0"],
    [APP]: [],
    "a.b.reg.example/app": [],
  }),
  {
    code: "PC667",
    name: "a key twice",
    text: entries([
      ["reg.example", '{"username":"u0","password":"p0"}'],
      ["reg.example", '{"username":"u1","password":"p1"}'],
    ]),
    key: "reg.example",
    claims: { [APP]: ["u1"] },
  },
  key(["PC669", "a login in the key"], ["user:pass@reg.example"], { [APP]: ["u0"] }),
];

/** A file that is warned about for its size, and works: too long for the golden file. */
export const LARGE_PAIR: LintPair = {
  code: "PC666",
  name: "more than 256 KiB",
  text: keys("reg.example", ...Array.from({ length: 8000 }, (_, at) => `r${at}.other.example`)),
  claims: { [APP]: ["u0"] },
};

/** As the golden file calls it. */
export function lintName({ code, name }: LintPair): string {
  return `lint: ${code} ${name}`;
}
