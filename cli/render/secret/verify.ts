import type { SecretVerifyReport } from "../../../agent/index.ts";
import { causeLines } from "../causes.ts";
import { countsText } from "../document.ts";
import { cutMiddle, withoutRuntimePrefix } from "../fit.ts";
import { renamed } from "../groups.ts";
import type { TableStyle } from "../report-table.ts";
import { renderTable } from "../table.ts";
import { formatDuration } from "../time.ts";

const MAX_MESSAGE = 200;

/** A row for each ServiceAccount. */
export function renderSecretVerify({ items }: SecretVerifyReport, style: TableStyle): string {
  const rows = items.map((item) => {
    const { namespace, account, result, code, secret, secrets, node, message = "" } = item;
    const wide = style.wide ? [secrets.join(","), node, formatDuration(item.durationMs)] : [];
    const said = style.wide ? message : cutMiddle(withoutRuntimePrefix(message), MAX_MESSAGE);
    return [namespace, account, result, code, secret, ...wide, said];
  });
  const wide = style.wide ? ["HAS", "NODE", "TIME"] : [];
  const columns = ["NAMESPACE", "SERVICEACCOUNT", "RESULT", "CODE", "SECRET", ...wide, "MESSAGE"];
  return renderTable(columns, rows, style);
}

/** Each cause with the step that mends it, and the counts last. */
export function renderVerifySummary(report: SecretVerifyReport): string[] {
  const text = countsText(report.items);
  const causes = report.items.flatMap(({ namespace, account, code, message = "", fix = "" }) => {
    const own = fix.replaceAll("NAMESPACE", namespace).replaceAll("NAME", account);
    const neutral = (said: string) =>
      renamed(renamed(said, namespace, "NAMESPACE"), account, "NAME");
    return code === undefined
      ? []
      : [{ code, name: `${namespace}/${account}`, message, fix: own, neutral }];
  });
  return [...causeLines(causes, () => false), `${text} in ${formatDuration(report.durationMs)}`];
}

/** `serviceaccount/NAMESPACE/NAME` of those that pull, one a line. */
export function pullingAccounts({ items }: SecretVerifyReport): string {
  const well = items.filter(({ result }) => result === "pulled");
  return well.map(({ namespace, account }) => `serviceaccount/${namespace}/${account}\n`).join("");
}
