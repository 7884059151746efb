import type { Taint } from "../model.ts";
import { apiRefusal } from "./api-http.ts";
import type { Gateway } from "./gateway-contract.ts";

/** Which taint is meant: parts that are absent may be anything. */
export interface TaintMatch {
  readonly key: string;
  readonly value?: string;
  readonly effect?: string;
}

/** Others change a node's taints as well: a change that came between is read anew. */
const TRIES = 5;

/** `key`, `key=value`, `key:Effect` or `key=value:Effect`, as kubectl taint has it; `undefined` for other texts. */
export function parseTaint(text: string): TaintMatch | undefined {
  const [, key = "", value, effect] =
    /^([A-Za-z0-9][A-Za-z0-9._/-]{0,316})(?:=([A-Za-z0-9._-]{0,63}))?(?::(NoSchedule|PreferNoSchedule|NoExecute))?$/.exec(
      text,
    ) ?? [];
  if (key === "") return undefined;
  return {
    key,
    ...(value === undefined ? {} : { value }),
    ...(effect === undefined ? {} : { effect }),
  };
}

export function matchesTaint({ key, value, effect }: TaintMatch, taint: Taint): boolean {
  return (
    taint.key === key &&
    (value === undefined || taint.value === value) &&
    (effect === undefined || taint.effect === effect)
  );
}

interface NodeTaints {
  readonly metadata: { readonly uid: string };
  readonly spec?: { readonly taints?: readonly Partial<Taint>[] };
}

/**
 * Takes a taint off a node, if it is still the same node and has it; all other taints stay.
 *
 * @returns whether it was there
 * @throws PullcastError PC103 to PC106
 */
export async function removeTaint(
  gateway: Gateway,
  node: { readonly name: string; readonly uid: string },
  match: TaintMatch,
): Promise<boolean> {
  const path = `/api/v1/nodes/${encodeURIComponent(node.name)}`;
  const isMeant = ({ key = "", value = "", effect = "" }: Partial<Taint>) =>
    matchesTaint(match, { key, value, effect });
  for (let attempt = 1; ; attempt += 1) {
    const found = await gateway.request("GET", path);
    if (found.status === 404) return false;
    if (found.status !== 200) throw apiRefusal(found, `node ${node.name}`);
    const { metadata, spec } = found.body as NodeTaints;
    const taints = spec?.taints ?? [];
    if (metadata.uid !== node.uid || !taints.some(isMeant)) return false;
    const answer = await gateway.request("PATCH", path, [
      { op: "test", path: "/metadata/uid", value: node.uid },
      { op: "test", path: "/spec/taints", value: taints },
      { op: "replace", path: "/spec/taints", value: taints.filter((one) => !isMeant(one)) },
    ]);
    if (answer.status === 200) return true;
    // 422: a test of the patch did not hold.
    if (attempt === TRIES || (answer.status !== 409 && answer.status !== 422)) {
      throw apiRefusal(answer, `the taints of node ${node.name}`);
    }
  }
}
