/** An object of a JSON text, as parsed. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Never an inherited property. */
export function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** The last field of that name in any case, as docker and the kubelet read it (Go's encoding/json); null is none. */
export function field(object: JsonObject, name: string): unknown {
  const found = Object.keys(object).findLast(
    (key) => key.toLowerCase() === name.toLowerCase() && own(object, key) !== null,
  );
  return found === undefined ? undefined : own(object, found);
}
