import { digestOf } from "./digest.ts";

/**
 * What each layer and those below it come to when unpacked (OCI image-spec 1.1, config: layer chain ID).
 *
 * @param diffIds - `sha256:…` of each layer unpacked, the lowest first
 */
export function chainIdsOf(diffIds: readonly string[]): string[] {
  const chain: string[] = [];
  for (const id of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? id : digestOf(`${below} ${id}`));
  }
  return chain;
}
