import { randomBytes } from "node:crypto";

/**
 * A run's name: sortable by its start to the millisecond, unique among operators, safe as a file name:
 * `20261124T050102Z-1f3a9c42e`. Its last part begins with the milliseconds: two runs of one second have an order.
 */
export function newRunId(now: Date): string {
  const stamp = now.toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const millis = now.getUTCMilliseconds().toString(16).padStart(3, "0");
  return `${stamp}-${millis}${randomBytes(3).toString("hex")}`;
}

/** The start that a run's name tells, to the second, or `undefined` for other texts. */
export function runStart(run: string): Date | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-[0-9a-f]+$/.exec(run);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
