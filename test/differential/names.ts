import { edited, type Random, weighted } from "./random.ts";

const HOSTS = [
  "reg.example",
  "reg.example",
  "a.b.c.reg.example",
  "reg.example",
  "a.reg.example",
  "quay.io",
  "docker.io",
  "index.docker.io",
  "registry-1.docker.io",
  "localhost",
  "REG.Example",
  "10.0.0.1",
  "a-b.c-d.io",
  "reg",
  "REG",
] as const;
const LITERALS = ["[::1]", "[2001:db8::5]", "[ABC]", "[::]"] as const;
const PORTS = ["", "", "", ":5000", ":443", ":80"] as const;
const PATHS = [
  "app",
  "team/app",
  "team/sub/app",
  "library/app",
  "v1/app",
  "v2/team/app",
  "team-b/app",
  "a",
] as const;

/** What a host's name may nearly hold. */
const HOST_BITS = [..."_-.:A0a~*", "__", "--", "..", "a."] as const;

/** Small strings that parsers trip over. */
export const NASTY = [
  ..." \t\n\r\0\u007f\u0085\u00a0",
  ...":/@%[]{}?#*\\^-.,;=+~!$&'()<>|\"`_",
  ..."kKsSſKéß漢😀\ufffd\ufeff\u2028",
  "//",
  "..",
  ":5000",
  ":80",
  ":",
  "%2F",
  "%2f",
  "%25",
  "%41",
  "%zz",
  "%e4",
  "%C3%A9",
  "%00",
  "%2525",
  "[a-z]",
  "[^a]",
  "[0-9]",
  "\\*",
  "/v1/",
  "/v2/",
  "/v1",
  "https://",
  "http://",
  "user@",
  "u:p@",
  "u%40:p@",
  "::1",
  "[::1]",
  "%25eth0",
  "0x",
] as const;

/** A registry and a path. */
export interface Repository {
  readonly host: string;
  readonly port: string;
  readonly path: string;
}

export function newRepository(random: Random): Repository {
  const host = weighted(random, [
    [15, () => random.one(HOSTS)],
    [2, () => random.one(LITERALS)],
    [2, () => edited(random, random.one(HOSTS), HOST_BITS)],
  ]);
  // Without a port a literal never matches: its brackets are taken for a glob's.
  const ported = host.startsWith("[") && random.chance(0.8);
  return { host, port: ported ? ":5000" : random.one(PORTS), path: random.one(PATHS) };
}

/** A repository that shares something with another one. */
export function near(random: Random, { host, port, path }: Repository): Repository {
  const other = newRepository(random);
  return {
    host: random.chance(0.8) ? host : other.host,
    port: random.chance(0.85) ? port : other.port,
    path: random.chance(0.6) ? path : other.path,
  };
}

/** A reference as in a pod: mostly right, of the repository or close to it. */
export function newImage(random: Random, base: Repository): string {
  const { host, port, path } = random.chance(0.9) ? base : near(random, base);
  const name = weighted(random, [
    [24, () => `${host}${port}/${path}`],
    [1, () => path],
    [1, () => `${host}/${path}`],
    [1, () => `${host}${port}/${path}/more`],
    [1, () => `${host}${port}/${path}-more`],
    [1, () => `${host}${port}/${path.slice(0, -1)}`],
    [1, () => `docker.io/${path}`],
  ]);
  const tagged = weighted(random, [
    [12, () => name],
    [10, () => `${name}:1.2`],
    [5, () => `${name}@sha256:${"a".repeat(64)}`],
    [1, () => `${name}:1@sha512:${"0".repeat(128)}`],
    [1, () => `${name}:${"t".repeat(126 + random.below(4))}`],
    [1, () => `${host}${port}/${"p".repeat(240 + random.below(20))}`],
  ]);
  return random.chance(0.08) ? edited(random, tagged, NASTY) : tagged;
}

/** A reference made of a key: what stands for a host and a path in it, with its patterns filled in. */
export function imageOf(random: Random, key: string): string {
  const bare = key
    .replace(/^\w+:\/\//, "")
    .replace(/^[^/]*@/, "")
    .replaceAll(/\*+|\[[^:\]]*\]/g, () => random.one(["a", "reg", "", "x-y"]))
    .replaceAll("?", () => random.one(["a", "e", "_"]))
    .replace(/\/+$/, "");
  const name = random.chance(0.5) ? bare.replace(/\/v[12](?=\/|$)/, "") : bare;
  const whole = name.includes("/") && random.chance(0.7) ? name : `${name}/${random.one(PATHS)}`;
  return random.chance(0.3) ? edited(random, whole, NASTY) : whole;
}

/** A key that serves a repository, unless there is a surprise in it. */
export function plainKey(random: Random, { host, port, path }: Repository): string {
  const cut = path.slice(0, random.below(path.length + 1));
  return `${host}${port}${random.one(["", "", "/", `/${path}`, `/${cut}`, `/v2/${cut}`])}`;
}

/** A key of `auths` for a repository: mostly one that serves it. */
export function newKey(random: Random, base: Repository): string {
  const { host, port, path } = random.chance(0.85) ? base : near(random, base);
  const shownHost = weighted(random, [
    [10, () => host],
    [4, () => globbed(random, host)],
    [1, () => host.toUpperCase()],
    [2, () => "index.docker.io"],
    [1, () => escaped(random, host)],
  ]);
  const shownPort = random.chance(0.94)
    ? port
    : random.one(["", ":", ":443", ":0443", ":x", ":80:80"]);
  const place = weighted(random, [
    [12, () => ""],
    [3, () => "/"],
    [5, () => `/${path.slice(0, random.below(path.length + 1))}`],
    [3, () => `/${path}`],
    [2, () => random.one(["/v1/", "/v2/", "/v1", "/v2", "/v1/v2/", "/v3/", "/V1/"])],
    [2, () => `${random.one(["/v1/", "/v2/"])}${path.slice(0, random.below(path.length + 1))}`],
    [1, () => `/${path}/`],
    [1, () => `/${escaped(random, path)}`],
    [1, () => `/${path}${random.one(["?x=%zz", "?", "#frag", "#%zz", "?#", "#a\tb", "?a\tb"])}`],
  ]);
  const scheme = weighted(random, [
    [12, () => ""],
    [5, () => "https://"],
    [2, () => "http://"],
    [1, () => random.one(["HTTPS://", "ftp://", "//", "https:/"])],
  ]);
  const login = random.chance(0.06)
    ? random.one(["u@", "u:p@", "u%40x@", "a@b@", "ü@", "%zz@", "u p@", "@"])
    : "";
  const key = `${scheme}${login}${shownHost}${shownPort}${place}`;
  return random.chance(0.1) ? edited(random, key, NASTY) : key;
}

/** A host with a label or a part of one made a pattern. */
function globbed(random: Random, host: string): string {
  const labels = host.split(".");
  const at = random.below(labels.length);
  const label = labels[at] ?? "";
  labels[at] = weighted(random, [
    [4, () => "*"],
    [2, () => `${label.slice(0, random.below(label.length + 1))}*`],
    [2, () => `*${label.slice(random.below(label.length + 1))}`],
    [2, () => edited(random, label, ["?", "*"])],
    [
      2,
      () =>
        label.replace(
          /[a-z]/,
          random.one(["[a-z]", "[^0-9]", "[a-", "[]", "[a-ÿ]", "[%C3%A9a-z]", "[r\\a]"]),
        ),
    ],
    [1, () => `**${label}`],
    [1, () => `${label}*?`],
    [1, () => `*${[...label].join("*")}*`],
  ]);
  return labels.join(".");
}

/** A text with one character as an escape, or as an escape of an escape. */
function escaped(random: Random, text: string): string {
  const at = random.below(text.length);
  const hex = text.charCodeAt(at).toString(16).padStart(2, "0");
  const written = random.one([
    `%${hex}`,
    `%${hex.toUpperCase()}`,
    `%25${hex}`,
    "%25",
    "%e4",
    "%C3%A9",
  ]);
  return text.slice(0, at) + written + text.slice(at + random.below(2));
}
