import type { Question } from "../bed/keyring.ts";
import {
  imageOf,
  NASTY,
  newImage,
  newKey,
  newRepository,
  plainKey,
  type Repository,
} from "./names.ts";
import { edited, inserted, type Random, weighted } from "./random.ts";

const SPACES = ["", "", "", " ", "\n", "\t", "\r\n  "] as const;
const SCALARS = [
  "null",
  "true",
  "0",
  "-1.5e+300",
  "1e999",
  '""',
  '"x"',
  "[]",
  "{}",
  "[null]",
] as const;
/** How a field's name may be written: all but the first are other letters for it, or another name. */
const DISGUISES = [
  (name: string) => name.toUpperCase(),
  (name: string) => name.replace(/^./, (first) => first.toUpperCase()),
  (name: string) => name.replaceAll("s", "ſ"),
  (name: string) => name.replaceAll("k", "K"),
  (name: string) => `${name} `,
  (name: string) => name.replaceAll("i", "ı"),
] as const;

/** A credential file, and references that it mostly has something for. */
export function newQuestion(random: Random, images: number): Question {
  const base = newRepository(random);
  const format = random.chance(0.1) ? ".dockercfg" : "config.json";
  const keys = Array.from({ length: 1 + random.below(6) }, (_, index) =>
    keyAt(random, base, index),
  );
  const entries = keys.map((key, index) => member(random, key, newEntry(random, index)));
  if (random.chance(0.08)) entries.push(random.one(entries));
  const file = format === ".dockercfg" ? object(random, entries) : newFile(random, entries);
  return {
    format,
    file: mutated(random, file),
    images: Array.from({ length: images }, () =>
      random.chance(0.2) ? imageOf(random, random.one(keys)) : newImage(random, base),
    ),
  };
}

/** Most files have a key at the top that serves; the others are there to disturb it. */
function keyAt(random: Random, base: Repository, index: number): string {
  return index === 0 && random.chance(0.6) ? plainKey(random, base) : newKey(random, base);
}

/** The whole file: mostly one `auths`, with what else docker writes. */
function newFile(random: Random, entries: readonly string[]): string {
  const name = () => named(random, "auths");
  const half = random.below(entries.length + 1);
  const members = weighted<string[]>(random, [
    [24, () => [member(random, name(), object(random, entries))]],
    [
      2,
      () => [
        member(random, name(), object(random, entries.slice(0, half))),
        member(random, name(), object(random, entries.slice(half))),
      ],
    ],
    [
      1,
      () => [
        member(random, name(), object(random, entries.slice(0, half))),
        member(random, name(), random.one(["null", "null", "null", "{}", "[]"])),
        member(random, name(), object(random, entries.slice(half))),
      ],
    ],
  ]);
  if (random.chance(0.12)) members.push(random.one(EXTRAS)(random));
  if (random.chance(0.06)) members.unshift(random.one(EXTRAS)(random));
  return object(random, members);
}

const EXTRAS: readonly ((random: Random) => string)[] = [
  (random) => member(random, "credsStore", '"desktop"'),
  (random) => member(random, "credHelpers", '{"reg.example":"x"}'),
  (random) => member(random, named(random, "HttpHeaders"), '{"A":"b","C":null}'),
  (random) => member(random, named(random, "HttpHeaders"), "null"),
  (random) =>
    member(
      random,
      named(random, "HttpHeaders"),
      random.one(["{}", '{"A":1}', "[]", '"x"', '{"A":[]}']),
    ),
  (random) => member(random, "deep", nested(random.below(20))),
  (random) => member(random, "deep", brackets(random.one([9998, 9999, 10_000]))),
  (random) => member(random, random.one(["x", "", "__proto__"]), random.one(SCALARS)),
];

function brackets(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}

function nested(depth: number): string {
  return `${'{"\\"}":['.repeat(depth)}1${"]}".repeat(depth)}`;
}

/** One entry: mostly one that the kubelet can read, with its own user. */
function newEntry(random: Random, index: number): string {
  const user = random.chance(0.05)
    ? random.one(["", "a:b", "ü", "漢", "a\u0000b"])
    : `user-${index}`;
  const password = random.chance(0.1)
    ? random.one(["", ":", "p:q", "é😀", "\ufffd", "<&>"])
    : `pass-${index}`;
  const auth = () =>
    member(random, named(random, "auth"), string(random, newAuth(random, user, password)));
  const pair = () => [
    member(random, named(random, "username"), string(random, user)),
    member(random, named(random, "password"), string(random, password)),
  ];
  const fields = weighted<string[]>(random, [
    [30, () => [auth()]],
    [20, () => pair()],
    [5, () => [...pair(), auth()]],
    [3, () => [auth(), auth()]],
    [3, () => [...pair(), member(random, named(random, "auth"), random.one(['""', "null"]))]],
    [3, () => [auth(), member(random, named(random, "auth"), random.one(['""', "null"]))]],
    [2, () => []],
    [2, () => [...pair(), ...pair()]],
  ]);
  if (random.chance(0.1))
    fields.push(member(random, named(random, "email"), random.one(['"e@x"', "null"])));
  if (random.chance(0.02)) fields.push(member(random, "emaıl", "1"));
  if (random.chance(0.1))
    fields.push(member(random, "identitytoken", random.one(['"t"', "{}", "1"])));
  if (random.chance(0.1))
    fields.push(member(random, random.one(["x", "Serveraddress"]), random.one(SCALARS)));
  if (random.chance(0.004)) {
    const field = random.one(["email", "username", "password", "auth"]);
    fields.push(member(random, named(random, field), random.one(SCALARS)));
  }
  if (random.chance(0.004)) return random.one(SCALARS);
  return object(random, fields);
}

function newAuth(random: Random, user: string, password: string): string {
  const pair = Buffer.from(`${user}:${password}`);
  const place = random.below(pair.length + 1);
  const bytes = random.chance(0.04)
    ? Buffer.concat([
        pair.subarray(0, place),
        Buffer.from(random.one(BROKEN)),
        pair.subarray(place),
      ])
    : pair;
  const text = bytes.toString("base64");
  const unpadded = text.replace(/=+$/, "");
  return weighted(random, [
    [30, () => text],
    [10, () => unpadded],
    [3, () => inserted(random, text, ["\n", "\r\n", "\r"])],
    [3, () => `${text}\n`],
    [1, () => leftOverBits(random, text)],
    [random.chance(0.3) ? 1 : 0, () => text + random.one([" ", "\u00a0", "\t", "\n ", "="])],
    [
      random.chance(0.2) ? 1 : 0,
      () => edited(random, text, ["=", " ", "-", "_", "\t", "A", "\u00a0", "é"]),
    ],
    [random.chance(0.1) ? 1 : 0, () => Buffer.from(`${user}${password}`).toString("base64")],
    [random.chance(0.1) ? 1 : 0, () => bytes.toString("base64url")],
  ]);
}

/** The bits behind the last byte may be anything. */
function leftOverBits(random: Random, text: string): string {
  return text.replace(/[A-Za-z0-9+/](=+)$/, `${random.one(["A", "B", "g", "/", "w"])}$1`);
}

/** A field's name, sometimes in other letters. */
function named(random: Random, name: string): string {
  return random.chance(0.05) ? random.one(DISGUISES)(name) : name;
}

function object(random: Random, members: readonly string[]): string {
  const gap = () => random.one(SPACES);
  return `{${gap()}${members.map((text) => text + gap()).join(`,${gap()}`)}}`;
}

function member(random: Random, name: string, value: string): string {
  return `${string(random, name)}${random.one(SPACES)}:${random.one(SPACES)}${value}`;
}

/** A JSON string, sometimes with escapes that need not be, or half a character. */
function string(random: Random, text: string): string {
  const plain = JSON.stringify(text);
  if (random.chance(0.9)) return plain;
  const inner = plain.slice(1, -1);
  const at = random.below(inner.length + 1);
  if (/\\[^\\]*$/.test(inner.slice(0, at))) return plain;
  const unit = inner.charCodeAt(at);
  const bit = random.chance(0.8)
    ? `\\u${(Number.isNaN(unit) ? 0x41 : unit).toString(16).padStart(4, "0")}`
    : random.one([
        "\\ud800",
        "\\udc00",
        "\\ud83d\\ude00",
        "\\ud800\\ud83d\\ude00",
        "\\/",
        "\\u0000",
        "\\uD83D",
        "\\b",
      ]);
  return `"${inner.slice(0, at)}${bit}${inner.slice(at + 1)}"`;
}

/** The bytes, in one of some files changed in a place. */
function mutated(random: Random, file: string): Buffer {
  const bytes = Buffer.from(file);
  if (!random.chance(0.08)) return bytes;
  const at = random.below(bytes.length + 1);
  const bit = () => Buffer.from(random.one(NASTY));
  const broken = () => Buffer.from(random.one(BROKEN));
  return weighted(random, [
    [2, () => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)])],
    [2, () => Buffer.concat([bytes.subarray(0, at), bit(), bytes.subarray(at)])],
    [6, () => Buffer.concat([bytes.subarray(0, at), broken(), bytes.subarray(at)])],
    [12, () => brokenInString(random, bytes, broken())],
    [1, () => bytes.subarray(0, at)],
    [1, () => Buffer.concat([Buffer.from("\ufeff"), bytes])],
    [1, () => Buffer.concat([bytes, bit()])],
    [
      1,
      () =>
        Buffer.concat([
          bytes,
          Buffer.from(random.one(["\n", " \t\r\n", "{}", "null", "\0", "\v", "//"])),
        ]),
    ],
  ]);
}

/** Bytes that are no UTF-8: characters cut short, or longer than need be, or halves, or beyond the last. */
const BROKEN = [
  [0xff],
  [0x80],
  [0xc3],
  [0xc0, 0x80],
  [0xe2, 0x82],
  [0xe0, 0x80, 0x80],
  [0xed, 0xa0, 0x80],
  [0xf0, 0x9f, 0x98],
  [0xf0, 0x80, 0x80, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
] as const;

/** Bytes that are no UTF-8 inside a string, where Go takes them: in a user, or anywhere. */
function brokenInString(random: Random, bytes: Buffer, broken: Buffer): Buffer {
  const quote = bytes.indexOf('"', random.below(bytes.length));
  const user = bytes.indexOf('"user-');
  const at = (user > 0 && random.chance(0.5) ? user : quote < 0 ? bytes.indexOf('"') : quote) + 1;
  return Buffer.concat([bytes.subarray(0, at), broken, bytes.subarray(at)]);
}
