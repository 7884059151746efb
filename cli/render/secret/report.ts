import type { AccountItem, NamespaceItem, SecretReport } from "../../../agent/index.ts";
import { causeLines, type Failure } from "../causes.ts";
import { countsText } from "../document.ts";
import { cutMiddle } from "../fit.ts";
import { GROUP_FROM, groupBy, nameList, renamed } from "../groups.ts";
import type { TableStyle } from "../report-table.ts";
import { renderTable } from "../table.ts";
import { formatDuration } from "../time.ts";

/** A longer message loses its middle in a table. */
const MAX_MESSAGE = 200;

/** A row for each namespace, or for each cause where they are many. */
export function renderSecretReport({ items }: SecretReport, style: TableStyle): string {
  if (style.wide || items.length < GROUP_FROM) return renderItems(items, style);
  const groups = groupBy(items, ({ result, code, accounts }) =>
    JSON.stringify([result, code, accountsText(accounts)]),
  );
  const rows = groups.map((members) => {
    const [first] = members;
    const names = nameList(members.map(({ namespace }) => namespace));
    const same = members.every(({ message }) => message === first?.message);
    return [
      String(members.length),
      first?.result,
      first?.code,
      accountsText(first?.accounts ?? []),
      names,
      same ? short(first?.message) : undefined,
    ];
  });
  const columns = ["COUNT", "RESULT", "CODE", "SERVICEACCOUNTS", "NAMESPACES", "MESSAGE"];
  return renderTable(columns, rows, style);
}

function renderItems(items: readonly NamespaceItem[], style: TableStyle): string {
  const rows = items.map(({ namespace, result, code, accounts, message }) => [
    namespace,
    result,
    code,
    accountsText(accounts),
    style.wide ? message : short(message),
  ]);
  const columns = ["NAMESPACE", "RESULT", "CODE", "SERVICEACCOUNTS", "MESSAGE"];
  return renderTable(columns, rows, style);
}

/** `added default; missing builder` */
function accountsText(accounts: readonly AccountItem[]): string {
  const groups = groupBy(accounts, ({ result }) => result);
  return groups
    .map((members) => `${members[0]?.result} ${nameList(members.map(({ name }) => name))}`)
    .join("; ");
}

/** Each cause of failure with the step that mends it, and the counts last. */
export function renderSecretSummary(report: SecretReport): string[] {
  const text = countsText(report.items);
  const tail = report.dryRun ? " (nothing was changed)" : "";
  return [
    ...causeLines(report.items.flatMap(failuresOf), () => false),
    `${text} in ${formatDuration(report.durationMs)}${tail}`,
  ];
}

function failuresOf({ namespace, code, message = "", fix = "" }: NamespaceItem): Failure[] {
  if (code === undefined) return [];
  const neutral = (said: string) => renamed(said, namespace, "NAMESPACE");
  const step = fix.replaceAll("NAMESPACE", namespace);
  return [{ code, name: namespace, message, fix: step, neutral }];
}

const WELL: ReadonlySet<NamespaceItem["result"]> = new Set<NamespaceItem["result"]>([
  ...(["created", "updated", "unchanged", "removed", "absent"] as const),
  ...(["would-create", "would-update", "would-remove"] as const),
]);

/** `namespace/NAME` of those that ended well, one a line. */
export function wellServed({ items }: SecretReport): string {
  return items
    .filter(({ result }) => WELL.has(result))
    .map(({ namespace }) => `namespace/${namespace}\n`)
    .join("");
}

function short(message: string | undefined): string | undefined {
  return message === undefined ? undefined : cutMiddle(message, MAX_MESSAGE);
}
