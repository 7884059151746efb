import type { ImageDescription } from "../../agent/index.ts";
import { formatBytes } from "./bytes.ts";
import { nameList } from "./groups.ts";
import type { TableStyle } from "./report-table.ts";
import { renderTable } from "./table.ts";

/** An image, and a row for each platform. */
export function renderImage(image: ImageDescription, style: TableStyle): string {
  const rows = image.platforms.map(({ platform, sizeBytes, layers, digest, nodes }) => [
    ...[platform, formatBytes(sizeBytes), String(layers), digest],
    nodes === undefined ? undefined : nodes.length === 0 ? "none" : nameList(nodes),
  ]);
  const table = renderTable(["PLATFORM", "SIZE", "LAYERS", "DIGEST", "NODES"], rows, style);
  const others = image.others === 0 ? "" : `, and ${image.others} parts that are no image`;
  const unserved =
    image.unserved.length === 0 ? "" : `No platform for: ${nameList(image.unserved)}\n`;
  const named = image.byName
    .map(({ image: name, platform, nodes = [] }) => `${name} has ${platform}: ${nameList(nodes)}\n`)
    .join("");
  return `${image.image}\n${image.digest} (${image.mediaType}${others})\n${table}${unserved}${named}`;
}
