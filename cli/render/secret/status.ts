import type { NamespaceStatus, SecretStatusReport } from "../../../agent/index.ts";
import { causeLines } from "../causes.ts";
import { countsText } from "../document.ts";
import { GROUP_FROM, groupBy, nameList, renamed } from "../groups.ts";
import type { TableStyle } from "../report-table.ts";
import { renderTable } from "../table.ts";
import { formatDuration } from "../time.ts";

/** A row for each namespace, or for each cause where they are many. */
export function renderSecretStatus({ items }: SecretStatusReport, style: TableStyle): string {
  if (style.wide || items.length < GROUP_FROM) {
    const rows = items.map(({ namespace, state, code, expiresAt, message, keys }) => [
      namespace,
      state,
      code,
      expiresAt,
      ...(style.wide ? [keys?.join(",")] : []),
      message,
    ]);
    const columns = [
      "NAMESPACE",
      "STATE",
      "CODE",
      "ENDS",
      ...(style.wide ? ["KEYS"] : []),
      "MESSAGE",
    ];
    return renderTable(columns, rows, style);
  }
  const groups = groupBy(items, ({ state, code }) => JSON.stringify([state, code]));
  const rows = groups.map((members) => {
    const [first] = members;
    const same = members.every(({ message }) => message === first?.message);
    const names = nameList(members.map(({ namespace }) => namespace));
    return [
      String(members.length),
      first?.state,
      first?.code,
      names,
      same ? first?.message : undefined,
    ];
  });
  return renderTable(["COUNT", "STATE", "CODE", "NAMESPACES", "MESSAGE"], rows, style);
}

/** Each cause with the step that mends it, and the counts last. */
export function renderStatusSummary(report: SecretStatusReport): string[] {
  const text = countsText(report.items);
  const causes = report.items.flatMap(({ namespace, code, message = "", fix = "" }) =>
    code === undefined
      ? []
      : [
          {
            ...{ code, name: namespace, message, fix },
            neutral: (said: string) => renamed(said, namespace, "NAMESPACE"),
          },
        ],
  );
  return [...causeLines(causes, () => false), `${text} in ${formatDuration(report.durationMs)}`];
}

/** `namespace/NAME` of those that are as they should be, one a line. */
export function currentNamespaces({ items }: SecretStatusReport): string {
  const well = items.filter(({ state }: NamespaceStatus) => state === "current");
  return well.map(({ namespace }) => `namespace/${namespace}\n`).join("");
}
