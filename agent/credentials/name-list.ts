/** Names listed in one remark. */
const MAX_NAMES = 10;

/** `a, b, c`, and how many more where there are many. */
export function nameList(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).join(", ");
  return names.length > MAX_NAMES ? `${shown} and ${names.length - MAX_NAMES} more` : shown;
}

/** Names by what is said of them, in the order of first appearance. */
export function groupNames(
  said: readonly { readonly name: string; readonly what: string }[],
): [what: string, names: string[]][] {
  const groups = new Map<string, string[]>();
  for (const { name, what } of said) groups.set(what, [...(groups.get(what) ?? []), name]);
  return [...groups];
}
