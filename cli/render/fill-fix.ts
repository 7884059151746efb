import { shellWord } from "../../agent/index.ts";
import type { Report } from "./document.ts";

/** What a step may be about. */
interface About {
  readonly node: string;
  readonly address?: string;
  readonly image?: string;
  readonly fix?: string;
}

/** Steps as they can be copied: NODE and IMAGE become the item's own. */
export function fillFixes(report: Report): Report {
  switch (report.kind) {
    case "CheckReport":
    case "CleanupReport":
      return report;
    case "TrustReport":
      return { ...report, items: report.items.map(filled) };
    case "HistoryReport":
      return { ...report, items: report.items.map(filled) };
    case "StatusReport":
      return { ...report, items: report.items.map(filled) };
    case "VerifyReport":
      return { ...report, items: report.items.map(filled) };
    default:
      return { ...report, items: report.items.map(filled) } as Report;
  }
}

function filled<Item extends About>(item: Item): Item {
  return item.fix === undefined ? item : { ...item, fix: fillFix(item.fix, item) };
}

/** One step as it can be copied. */
export function fillFix(fix: string, { node, address = "", image }: Omit<About, "fix">): string {
  // A name of the cluster may be none of DNS: ssh takes the address.
  const host = address.replace(/^(?:\[([^\]]+)\]|([^:]+)):\d+$/, "$1$2");
  return fix
    .replaceAll(/\b(ssh (?:-\S+ )*)NODE\b/g, `$1${host === "" ? "NODE" : shellWord(host)}`)
    .replaceAll(/(\bkubectl .*|--node )NODE\b/g, `$1${shellWord(node)}`)
    .replaceAll(/\bIMAGE\b/g, image === undefined ? "IMAGE" : shellWord(image));
}
