/** One unit file or drop-in, as `systemctl cat` prints them one after the other. */
interface UnitPart {
  readonly path: string;
  readonly lines: readonly string[];
}

/**
 * The command line that a service is started with: the text of its only `ExecStart`, as it stands in the unit's files.
 *
 * @param text - what `systemctl cat` printed
 * @param except - a drop-in that doesn't count, by the end of its path
 * @returns `undefined` where it has none or several
 */
export function execStartOf(text: string, except: string): string | undefined {
  const commands: string[] = [];
  for (const { path, lines } of partsOf(text)) {
    if (path.endsWith(except)) continue;
    for (const command of settingsOf(lines, "ExecStart")) {
      // An empty one takes back all before it (systemd.service).
      if (command === "") commands.length = 0;
      else commands.push(command);
    }
  }
  return commands.length === 1 ? commands[0] : undefined;
}

function partsOf(text: string): UnitPart[] {
  const parts: { path: string; lines: string[] }[] = [];
  for (const line of text.split("\n")) {
    const [, path] = /^# (\/\S+\.(?:service|conf))$/.exec(line) ?? [];
    if (path !== undefined) parts.push({ path, lines: [] });
    else parts.at(-1)?.lines.push(line);
  }
  return parts;
}

/** Values of a setting in `[Service]`; lines that end in a backslash go on in the next, comments between them aside. */
function settingsOf(lines: readonly string[], name: string): string[] {
  const values: string[] = [];
  let section = "";
  let open: string | undefined;
  for (const line of lines) {
    const isComment = /^\s*[#;]/.test(line);
    if (isComment || (open === undefined && line.trim() === "")) continue;
    const whole = open === undefined ? line : `${open} ${line.trimStart()}`;
    open = undefined;
    if (whole.endsWith("\\")) {
      open = whole.slice(0, -1).trimEnd();
      continue;
    }
    section = /^\s*\[(.*)\]\s*$/.exec(whole)?.[1] ?? section;
    const [, key, value = ""] = /^\s*([A-Za-z]+)\s*=(.*)$/.exec(whole) ?? [];
    if (section === "Service" && key === name) values.push(value.trim());
  }
  return values;
}
