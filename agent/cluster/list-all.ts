import { apiRefusal } from "./api-http.ts";
import type { Gateway } from "./gateway.ts";

/** Of one page: large enough that 1,000 namespaces take few requests, small enough for one answer. */
const PAGE = 500;

interface Page {
  readonly metadata?: { readonly continue?: string; readonly resourceVersion?: string };
  readonly items?: readonly unknown[];
}

/**
 * All objects of a list, page by page.
 *
 * @param path - without query, for instance `/api/v1/namespaces`
 * @param query - selectors, for instance `{ labelSelector: "a=b" }`
 * @throws PullcastError PC103 to PC106; PC104 for 401 and 403
 */
export async function listAll<Item>(
  gateway: Gateway,
  path: string,
  query: Readonly<Record<string, string>> = {},
): Promise<Item[]> {
  return (await listPages<Item>(gateway, path, query)).items;
}

/** All objects of a list, and the version that a watch goes on from; see `listAll`. */
export async function listPages<Item>(
  gateway: Gateway,
  path: string,
  query: Readonly<Record<string, string>> = {},
): Promise<{ readonly items: Item[]; readonly version: string }> {
  const items: Item[] = [];
  let token = "";
  let version = "";
  do {
    const parameters = new URLSearchParams({ ...query, limit: String(PAGE) });
    if (token !== "") parameters.set("continue", token);
    const answer = await gateway.request("GET", `${path}?${parameters}`);
    if (answer.status !== 200) throw apiRefusal(answer, path.split("/").at(-1));
    const page = answer.body as Page;
    items.push(...((page.items ?? []) as Item[]));
    token = page.metadata?.continue ?? "";
    version = page.metadata?.resourceVersion ?? "";
  } while (token !== "");
  return { items, version };
}
