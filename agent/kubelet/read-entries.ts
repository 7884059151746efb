import { Secret } from "../secret.ts";
import { findJsonError } from "../util/json-place.ts";
import { parseJson } from "../util/parse-json.ts";
import { decodeEntry, isField, takeEntry } from "./decode-entry.ts";
import { JsonReader, nestsTooDeep } from "./json-reader.ts";
import type { EntryReading, FileReading, KubeletFileFormat } from "./model.ts";
import { decodeUtf8 } from "./utf8.ts";

/** Whether entries may stand in a file of this format that is not valid as a whole. */
const NOTHING: Omit<FileReading, "faults"> = { entries: [] };

/**
 * Reads every entry of a file as the kubelet would, each judged on its own, in the order of the file.
 * The file is void if there is a fault, or an entry that can't be read, replaced by a later one or not.
 *
 * Source: kubernetes pkg/credentialprovider/config.go (1.35) over Go's encoding/json: fields in any
 * case, the later of two wins, `auths` that stands twice is merged, null empties it.
 */
export function readEntries(
  text: Uint8Array | string,
  format: KubeletFileFormat = "config.json",
): FileReading {
  const json = decodeUtf8(typeof text === "string" ? Buffer.from(text) : text);
  const place = parseJson(json) === undefined ? findJsonError(json) : undefined;
  if (place !== undefined) {
    return { ...NOTHING, faults: [`it is not JSON at ${place.line}:${place.column}`] };
  }
  if (nestsTooDeep(json)) return { ...NOTHING, faults: ["it nests deeper than 10,000 levels"] };
  const collector = new Collector();
  const reader = new JsonReader(json);
  if (format === ".dockercfg") collector.takeEntries(reader, "the file");
  else collector.takeFile(reader);
  return collector.reading();
}

/** Gathers what a file says, part by part. */
class Collector {
  readonly #faults: string[] = [];
  readonly #entries: EntryReading[] = [];
  /** Index of the entry that counts for each key. */
  readonly #current = new Map<string, number>();

  reading(): FileReading {
    const counting = new Set(this.#current.values());
    return {
      faults: this.#faults,
      entries: this.#entries.map((entry, index) =>
        counting.has(index) ? entry : { ...entry, replaced: true },
      ),
    };
  }

  takeFile(reader: JsonReader): void {
    if (!this.#opens(reader, "the file")) return;
    for (const name of reader.fields()) {
      if (isField(name, "auths")) this.takeEntries(reader, "auths");
      else if (isField(name, "HttpHeaders")) this.#takeHeaders(reader);
      else reader.skip();
    }
  }

  takeEntries(reader: JsonReader, what: string): void {
    if (reader.kind === "null") this.#current.clear();
    if (!this.#opens(reader, what)) return;
    for (const key of reader.fields()) {
      const fields = takeEntry(reader);
      const { others } = fields;
      const decoded = decodeEntry(fields);
      this.#current.set(key, this.#entries.length);
      this.#entries.push(
        "why" in decoded
          ? { key, others, readable: false, why: decoded.why }
          : {
              key,
              others,
              readable: true,
              username: decoded.username,
              password: new Secret(decoded.password),
              auth: new Secret(decoded.pair.toString("base64")),
            },
      );
    }
  }

  /** The kubelet parses the headers and never uses them; wrong ones void the file all the same. */
  #takeHeaders(reader: JsonReader): void {
    if (!this.#opens(reader, "HttpHeaders")) return;
    for (const _name of reader.fields()) {
      if (reader.kind !== "string" && reader.kind !== "null") {
        this.#faults.push("a value of HttpHeaders is not text");
      }
      reader.skip();
    }
  }

  /** Whether an object opens here; anything else but null is a fault, and is passed over. */
  #opens(reader: JsonReader, what: string): boolean {
    if (reader.kind === "object") return true;
    if (reader.kind !== "null") this.#faults.push(`${what} is not an object`);
    reader.skip();
    return false;
  }
}
