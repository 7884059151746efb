import type { KnownCluster, SelectionOptions } from "./options.ts";

/** These nodes, of a cluster that is known: it is not asked again, and what chose them chooses no further. */
export function knownSelection(
  selection: SelectionOptions,
  names: readonly string[],
  known: KnownCluster,
): SelectionOptions {
  const { selector: _label, fieldSelector: _field, ...rest } = selection;
  return { ...rest, names, exclude: [], known };
}
