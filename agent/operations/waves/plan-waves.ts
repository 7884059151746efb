import { isControlPlane } from "../../cluster/node-kinds.ts";
import type { PlannedEvent } from "../../events.ts";
import type { Target } from "../../model.ts";
import { type Portion, portionOf } from "../../rollout/portion.ts";
import { splitWaves } from "../../rollout/split-waves.ts";
import type { WaveOptions } from "../options.ts";

/** How nodes are put into waves. */
interface WaveShape {
  /** How many nodes are done after each wave; see `splitWaves`. */
  readonly sizes: readonly Portion[];
  /** A label: each of its values is a group of its own, in their order, and nodes without it are the last. */
  readonly by?: string;
}

const ZONE = "topology.kubernetes.io/zone";

/**
 * Puts nodes into waves. Within a group neighbours are of different zones, so that no wave is one zone alone, and
 * control-plane nodes come last, so that the first to try something is not the one that all need.
 */
export function planWaves(
  targets: readonly Target[],
  { sizes, by }: WaveShape,
): readonly (readonly Target[])[] {
  const groups = by === undefined ? [targets] : groupsBy(targets, by);
  return groups.flatMap((group) => splitWaves(inOrder(group), sizes));
}

/** What the plan tells of waves; nothing where there is one alone. */
export function plannedWaves(
  targets: readonly Target[],
  wished: WaveOptions | undefined,
): Pick<PlannedEvent, "waves"> {
  if (wished === undefined) return {};
  const waves = planWaves(targets, shapeOf(wished));
  const sizes = waves.map((wave) => wave.length);
  const { onFailure = "stop" } = wished;
  return { waves: { sizes, maxFailures: allowedFailures(targets, wished), onFailure } };
}

export function shapeOf({ sizes = [], by }: WaveOptions): WaveShape {
  return { sizes, ...(by === undefined ? {} : { by }) };
}

/** Where waves are asked for, a first failure ends the run unless told otherwise: that is what a canary is for. */
export function allowedFailures(targets: readonly Target[], wished: WaveOptions): number {
  const { maxFailures, onFailure, sizes = [], by, proof } = wished;
  if (onFailure === "continue") return Number.POSITIVE_INFINITY;
  if (maxFailures !== undefined) return portionOf(maxFailures, targets.length, "down");
  const isCareful =
    sizes.length > 0 || by !== undefined || proof !== undefined || onFailure !== undefined;
  return isCareful ? 0 : Number.POSITIVE_INFINITY;
}

function groupsBy(targets: readonly Target[], label: string): Target[][] {
  const groups = groupOf(targets, ({ node }) => node?.labels[label]);
  const values = [...groups.keys()].filter((value) => value !== undefined);
  // Pools are numbered: pool-10 comes after pool-9.
  values.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return [...values, undefined].flatMap((value) => {
    const group = groups.get(value);
    return group === undefined ? [] : [group];
  });
}

function inOrder(targets: readonly Target[]): Target[] {
  const isLast = ({ node }: Target) => isControlPlane(node);
  return [
    ...overZones(targets.filter((target) => !isLast(target))),
    ...overZones(targets.filter(isLast)),
  ];
}

/** One of each zone in turn, each zone in the order of the list. */
function overZones(targets: readonly Target[]): Target[] {
  const zones = [...groupOf(targets, ({ node }) => node?.labels[ZONE]).values()];
  const rounds = Math.max(0, ...zones.map((zone) => zone.length));
  return Array.from({ length: rounds }, (_, round) =>
    zones.flatMap((zone) => zone.slice(round, round + 1)),
  ).flat();
}

function groupOf<Key>(
  targets: readonly Target[],
  keyOf: (target: Target) => Key,
): Map<Key, Target[]> {
  const groups = new Map<Key, Target[]>();
  for (const target of targets) {
    const key = keyOf(target);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [target]);
    else group.push(target);
  }
  return groups;
}
