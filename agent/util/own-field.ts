/** An own field of what was parsed; `undefined` for all that is no object with it: never an inherited property. */
export function ownField(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}
