import { nameList } from "../../credentials/name-list.ts";
import { describeCode } from "../../errors.ts";
import { readEntries } from "../../kubelet/read-entries.ts";
import type { Notice } from "../../model.ts";
import type { NodeLook } from "../../node/read-look.ts";
import { cleanText } from "../../util/clean-text.ts";
import { isOfRegistries } from "../remove/places.ts";

/**
 * Keys of the kubelet's own file for the registries of these keys: it tries them before it asks a provider.
 *
 * @param look - at the kubelet's own file
 */
export function staleKeys({ file, places }: NodeLook, keys: readonly string[]): string[] {
  const [first] = [file, ...places.map((place) => place.file)].flatMap((one) => one?.content ?? []);
  if (first === undefined) return [];
  const hosts = keys.map((key) => key.replace(/^https?:\/\//, "").split("/")[0] ?? "");
  if (hosts.length === 0) return [];
  return readEntries(first.reveal())
    .entries.map(({ key }) => key)
    .filter((key) => isOfRegistries(key, hosts));
}

/** What is said of such keys; nothing where there are none. */
export function staleNotice(keys: readonly string[]): Notice[] {
  if (keys.length === 0) return [];
  const message = `${describeCode("PC552").title}: ${cleanText(nameList(keys), 300)}`;
  return [{ code: "PC552", message }];
}
