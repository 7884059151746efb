import type { Secret } from "../secret.ts";
import { isField } from "./decode-entry.ts";
import { JsonReader } from "./json-reader.ts";
import { decodeUtf8 } from "./utf8.ts";

/** What is to be changed in a file. */
export interface FileEdit {
  /** Keys whose entries go, however often they stand there. */
  readonly remove: ReadonlySet<string>;
  /** Single entries that go, by their index in what readEntries tells. */
  readonly drop?: ReadonlySet<number>;
  /** Keys that get this `auth`, padded base64 of `user:password`: put in place where they stand, else added. */
  readonly set: ReadonlyMap<string, Secret<string>>;
}

/**
 * Changes entries of a config.json and leaves every other byte as it is: foreign entries, fields, blanks. A file
 * without any `auths` gets one as its first field.
 *
 * @param bytes - JSON, an object, whose `auths` are objects or null
 */
export function editFile(bytes: Uint8Array, edit: FileEdit): Buffer {
  // One character for each byte: offsets are those of the bytes, and what is copied comes back as it was.
  const text = Buffer.from(bytes).toString("latin1");
  const { lists, open } = findLists(text);
  const left = new Map(edit.set);
  const parts: string[] = [];
  let at = 0;
  let first = 0;
  for (const [index, list] of lists.entries()) {
    const isLast = index === lists.length - 1;
    parts.push(text.slice(at, list.from), editList({ text, list, first, edit, left, isLast }));
    at = list.to;
    first += list.members?.length ?? 0;
  }
  if (lists.length > 0 || left.size === 0) parts.push(text.slice(at));
  else parts.push(text.slice(0, open + 1), firstList(text, open, left), text.slice(open + 1));
  return Buffer.from(parts.join(""), "latin1");
}

/** One entry: its key and its text from the key's quote to the value's end, which is excluded. */
interface Member {
  readonly key: string;
  readonly from: number;
  readonly valueFrom: number;
  readonly to: number;
}

/** The value of one `auths`. */
interface EntryList {
  readonly from: number;
  readonly to: number;
  /** Absent for null. */
  readonly members?: readonly Member[];
}

function findLists(text: string): { readonly lists: EntryList[]; readonly open: number } {
  const lists: EntryList[] = [];
  const reader = new JsonReader(text);
  const open = reader.at;
  for (const { name } of keysOf(reader, text)) {
    const from = reader.at;
    if (isField(name, "auths") && reader.kind === "object") {
      const members: Member[] = [];
      for (const { name: key, from: start } of keysOf(reader, text)) {
        const valueFrom = reader.at;
        reader.skip();
        members.push({ key, from: start, valueFrom, to: endBefore(text, reader.at) });
      }
      lists.push({ from, to: endBefore(text, reader.at), members });
      continue;
    }
    const isNull = reader.kind === "null";
    reader.skip();
    if (isField(name, "auths") && isNull) lists.push({ from, to: endBefore(text, reader.at) });
  }
  return { lists, open };
}

/** Names as the kubelet decodes them, each with the place of its quote. */
function* keysOf(reader: JsonReader, text: string): Generator<{ name: string; from: number }> {
  for (const _name of reader.fields()) {
    const { from, to } = reader.lastName;
    const raw = decodeUtf8(Buffer.from(text.slice(from, to), "latin1"));
    yield { name: new JsonReader(raw).takeString(), from };
  }
}

/** The reader has passed over blanks: the value ends before them. */
function endBefore(text: string, at: number): number {
  let end = at;
  while (" \t\r\n".includes(text[end - 1] ?? "x")) end -= 1;
  return end;
}

interface ListEdit {
  readonly text: string;
  readonly list: EntryList;
  /** Index of its first member over all lists. */
  readonly first: number;
  readonly edit: FileEdit;
  /** What has found no place yet; emptied on the way. */
  readonly left: Map<string, Secret<string>>;
  /** Whether what is left goes here. */
  readonly isLast: boolean;
}

function editList({ text, list, first: offset, edit, left, isLast }: ListEdit): string {
  const { members } = list;
  if (members === undefined || members.length === 0) {
    return isLast && left.size > 0 ? freshList(left) : text.slice(list.from, list.to);
  }
  const kept: { readonly text: string; readonly gap: string }[] = [];
  for (const [index, member] of members.entries()) {
    const before = members[index - 1];
    const gap = before === undefined ? "" : text.slice(before.to, member.from);
    const auth = edit.set.get(member.key);
    if (edit.remove.has(member.key) || edit.drop?.has(offset + index) === true) continue;
    if (auth === undefined) kept.push({ text: text.slice(member.from, member.to), gap });
    else if (left.delete(member.key)) {
      kept.push({
        text: text.slice(member.from, member.valueFrom) + valueText(auth, indentAt(text, member)),
        gap,
      });
    }
  }
  const [first] = members;
  const last = members.at(-1);
  const head = text.slice(list.from, first?.from ?? list.from + 1);
  const tail = text.slice(last?.to ?? list.from + 1, list.to);
  if (isLast && left.size > 0) {
    const blanks = head.slice(1);
    for (const [key, auth] of left) {
      kept.push({ text: memberText(key, auth, blanks), gap: `,${blanks}` });
    }
    left.clear();
  }
  return head + kept.map((one, index) => (index === 0 ? "" : one.gap) + one.text).join("") + tail;
}

/** The blanks before a member on its own line, its line break included; empty where it shares its line. */
function indentAt(text: string, { from }: Member): string {
  let start = from;
  while (" \t".includes(text[start - 1] ?? "x")) start -= 1;
  return text[start - 1] === "\n" ? `\n${text.slice(start, from)}` : "";
}

function firstList(text: string, open: number, left: Map<string, Secret<string>>): string {
  const isEmpty = /^\s*\}/.test(text.slice(open + 1));
  return `\n\t"auths": ${freshList(left)}${isEmpty ? "\n" : ","}`;
}

/** A list as a push writes it. */
function freshList(left: Map<string, Secret<string>>): string {
  const gap = "\n\t\t";
  const members = [...left].map(([key, auth]) => gap + memberText(key, auth, gap));
  left.clear();
  return `{${members.join(",")}\n\t}`;
}

function memberText(key: string, auth: Secret<string>, indent: string): string {
  return `${latin1(JSON.stringify(key))}: ${valueText(auth, indent)}`;
}

function valueText(auth: Secret<string>, indent: string): string {
  const value = JSON.stringify(auth.reveal());
  if (!indent.includes("\n")) return `{"auth": ${value}}`;
  // One step deeper, by the sign that the file itself indents with.
  const step = indent.endsWith("\t") || indent === "\n" ? "\t" : "  ";
  return `{${indent}${step}"auth": ${value}${indent}}`;
}

/** The bytes of a text, one character each. */
function latin1(text: string): string {
  return Buffer.from(text).toString("latin1");
}
