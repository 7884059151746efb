/** A name as one number between two texts; most names can be seen so in several ways. */
interface Slot {
  readonly prefix: string;
  readonly suffix: string;
  readonly digits: string;
}

/** Longer digits are no count but a part of a random name. */
const MAX_DIGITS = 9;

/**
 * Folds node names that differ in one number: `node-01` … `node-17`, `node-20` become
 * `node-[01-17,20]`. Names that fold with no other stay whole; duplicates count once.
 *
 * @returns the folded names, in the order in which their first names came
 */
export function foldNames(names: readonly string[]): string[] {
  const left = new Set(names);
  const folded = new Map<string, string>();
  for (const members of familiesOf([...left])) {
    const free = [...members].filter(([name]) => left.has(name));
    const [first] = free;
    if (first === undefined || free.length < 2) continue;
    for (const [name] of free) left.delete(name);
    folded.set(first[0], foldFamily(free.map(([, slot]) => slot)));
  }
  return [...new Set(names)].flatMap((name) => {
    const text = folded.get(name) ?? (left.has(name) ? name : undefined);
    return text === undefined ? [] : [text];
  });
}

/** Names that agree but for one number, largest family first. */
function familiesOf(names: readonly string[]): Map<string, Slot>[] {
  const families = new Map<string, Map<string, Slot>>();
  for (const name of names) {
    for (const slot of slotsOf(name)) {
      // A padded number has names of its own width only: 07 and 7 are two names.
      const key = JSON.stringify([slot.prefix, slot.suffix, slot.digits.length]);
      const family = families.get(key) ?? new Map<string, Slot>();
      families.set(key, family.set(name, slot));
    }
  }
  return mergeUnpadded([...families.values()]).sort((a, b) => b.size - a.size);
}

/** Families of different widths are one where none is padded: 9 and 10. */
function mergeUnpadded(families: readonly Map<string, Slot>[]): Map<string, Slot>[] {
  const merged = new Map<string, Map<string, Slot>>();
  for (const [index, family] of families.entries()) {
    const slots = [...family.values()];
    const padded = slots.some(({ digits }) => digits.length > 1 && digits.startsWith("0"));
    const [slot] = slots;
    const key = padded ? String(index) : JSON.stringify([slot?.prefix, slot?.suffix]);
    const into = merged.get(key) ?? new Map<string, Slot>();
    for (const [name, member] of family) into.set(name, member);
    merged.set(key, into);
  }
  return [...merged.values()];
}

function slotsOf(name: string): Slot[] {
  return [...name.matchAll(/\d+/g)]
    .filter(([digits]) => digits.length <= MAX_DIGITS)
    .map((match) => ({
      prefix: name.slice(0, match.index),
      suffix: name.slice(match.index + match[0].length),
      digits: match[0],
    }));
}

function foldFamily(slots: readonly Slot[]): string {
  const [{ prefix, suffix } = { prefix: "", suffix: "" }] = slots;
  const sorted = slots.map(({ digits }) => digits).sort((a, b) => Number(a) - Number(b));
  const ranges: { first: string; last: string }[] = [];
  for (const digits of sorted) {
    const range = ranges.at(-1);
    if (range !== undefined && Number(digits) === Number(range.last) + 1) range.last = digits;
    else ranges.push({ first: digits, last: digits });
  }
  const texts = ranges.map(({ first, last }) => (first === last ? first : `${first}-${last}`));
  return `${prefix}[${texts.join(",")}]${suffix}`;
}
