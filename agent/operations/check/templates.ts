import { openGateway } from "../../cluster/gateway.ts";
import { listAll } from "../../cluster/list-all.ts";
import { parseNodeObject } from "../../cluster/node-records.ts";
import type { LoadedConfig } from "../../credentials/model.ts";
import { nameList } from "../../credentials/name-list.ts";
import type { CheckItem, Target } from "../../model.ts";
import type { NodeLook } from "../../node/read-look.ts";
import { markOf, type Story } from "../../node/story.ts";
import { TEMPLATE_OPERATOR } from "../boot/render.ts";
import { knownSelection } from "../known-selection.ts";
import { type LookedNode, lookAtNodes } from "../look-at-nodes.ts";
import type { CheckOptions } from "../options.ts";
import { errorItem, failedItem, notTriedItem, okItem, warningItem } from "./items.ts";
import { poolOf } from "./pool-of.ts";

interface Newest {
  readonly pool: string;
  readonly target: Target;
  /** ms since 1970. */
  readonly joinedAt: number;
}

/**
 * Compares what the newest node of each pool got from its template with what a push would send. What a template holds
 * shows nowhere else than on a machine that was made of it: its own run is told there, also after a later push.
 */
export async function checkTemplates(
  options: CheckOptions,
  { targets, config }: { readonly targets: readonly Target[]; readonly config?: LoadedConfig },
): Promise<CheckItem[]> {
  const subject = { group: "templates", name: "selection" } as const;
  if (config === undefined || options.selection.hosts !== undefined || targets.length === 0) {
    const detail = "the source and the cluster's nodes come first";
    return [notTriedItem(subject, { detail })];
  }
  try {
    const newest = await newestOfPools(options, targets);
    const names = newest.map(({ target }) => target.name);
    // The cluster was asked already.
    const known = { nodes: newest.flatMap(({ target }) => target.node ?? []) };
    const selection = knownSelection(options.selection, names, known);
    const { items } = await lookAtNodes({ ...options, selection }, "status");
    const byName = new Map(items.map((item) => [item.report.node, item]));
    return newest.map((one) => judge(one, byName.get(one.target.name), config));
  } catch (error) {
    options.signal.throwIfAborted();
    return [errorItem(subject, error)];
  }
}

async function newestOfPools(
  { kubectl, signal }: CheckOptions,
  targets: readonly Target[],
): Promise<Newest[]> {
  const gateway = await openGateway(kubectl, signal);
  try {
    const byName = new Map(targets.map((target) => [target.name, target]));
    const pools = new Map<string, Newest>();
    for (const object of await listAll<unknown>(gateway, "/api/v1/nodes")) {
      const found = parseNodeObject(object);
      const target = byName.get(found?.node.name ?? "");
      if (found === undefined || target === undefined) continue;
      const pool = poolOf(found.node);
      const joinedAt = Date.parse(found.createdAt);
      if (joinedAt > (pools.get(pool)?.joinedAt ?? Number.NEGATIVE_INFINITY))
        pools.set(pool, { pool, target, joinedAt });
    }
    return [...pools.values()].sort((a, b) => (a.pool < b.pool ? -1 : 1));
  } finally {
    await gateway.close();
  }
}

function judge(
  { pool, target, joinedAt }: Newest,
  looked: LookedNode | undefined,
  config: LoadedConfig,
): CheckItem {
  const subject = { group: "templates", name: pool } as const;
  const joined = new Date(joinedAt).toISOString().slice(0, 16).replace("T", " ");
  const node = `${target.name}, the newest (${joined} UTC)`;
  if (looked?.look === undefined) {
    const { code = "PC002", message = "nobody looked at it" } = looked?.report ?? {};
    return notTriedItem(subject, { code, detail: `${node}: ${message}` });
  }
  const template = templateStory(looked.look);
  if (template === undefined) {
    return looked.look.file.facts === undefined
      ? failedItem(subject, { code: "PC188", detail: node })
      : warningItem(subject, {
          code: "PC188",
          detail: `${node}: what is there came by other ways`,
        });
  }
  const differing = differences(template, config);
  if (differing.length === 0) return okItem(subject, `${node}: as a push would write it`);
  const detail = `${node}: ${nameList(differing)}, by the template of ${template.at.slice(0, 10)}`;
  return failedItem(subject, { code: "PC189", detail });
}

/** What the last template wrote that was at work there, however many pushes came since. */
function templateStory({ stories }: NodeLook): Story | undefined {
  return stories
    .filter(({ operator }) => operator.startsWith(`${TEMPLATE_OPERATOR} `))
    .sort((a, b) => (a.run < b.run ? -1 : 1))
    .at(-1);
}

/** Keys whose login is another one than a push would send, or that only one of both has. */
function differences({ entries }: Story, { credentials }: LoadedConfig): string[] {
  const there = new Map(entries.map(({ key, mark }) => [key, mark]));
  const wanted = new Map(credentials.map(({ key, auth }) => [key, markOf(auth)]));
  return [...new Set([...there.keys(), ...wanted.keys()])]
    .filter((key) => there.get(key) !== wanted.get(key))
    .sort();
}
