import { gzipSync } from "node:zlib";
import { programText } from "../../node/programs.ts";
import { Secret } from "../../secret.ts";

/** What a machine is given before its kubelet starts. */
export interface BootSettings {
  /** Absolute path of the directory of config.json. */
  readonly dir: string;
  /** The run's id: a file that a later one wrote is left alone. */
  readonly run: string;
  /** What the install program is told, one line with its end. */
  readonly header: Secret<string>;
  readonly config: Secret<Uint8Array>;
}

const LINE_CHARS = 76;

/**
 * A script in POSIX sh that puts the file in place by the program that a push sends, so that a later push knows it for
 * its own. It needs base64 and gzip. It may run at each boot, and on a machine whose disk was another's: only what an
 * earlier run wrote is replaced. ASCII, ends with a newline.
 */
export function bootScript({ dir, run, header, config }: BootSettings): Secret<string> {
  const payload = Buffer.concat([Buffer.from(header.reveal()), config.reveal()]);
  return new Secret(`#!/bin/sh
# Written by pullcast; it holds registry passwords. Puts them into ${dir}/config.json
# before the kubelet starts. What a later run of pullcast wrote stays.
umask 077
dir=${dir}
stamp=${stampOf(run)}
for record in "$dir/.pullcast/record.a" "$dir/.pullcast/record.b"; do
  [ -f "$record" ] || continue
  read -r _ _ _ _ _ _ _ _ _ run _ <"$record" || continue
  run=\${run%%Z*}
  if [ "\${run%T*}\${run#*T}" -ge "$stamp" ] 2>/dev/null; then
    echo "pullcast: $dir/config.json is there already"
    exit 0
  fi
done
[ -d "$dir" ] || (umask 022 && mkdir -p "$dir") || exit 1
read -r uuid </proc/sys/kernel/random/uuid
program=$(base64 -d <<'END' | gzip -dc
${lines(gzipSync(programText("install"), { level: 9 }))}
END
)
answer=$(
  {
    printf '%s ' "$(printf %s "$uuid" | tr -d -)"
    base64 -d <<'END'
${lines(payload)}
END
  } | sh -c "$program" 2>&1
)
case $answer in
  *" OK "*) echo "pullcast: $dir/config.json is there" ;;
  *)
    echo "pullcast: $answer" >&2
    exit 1
    ;;
esac
`);
}

/** A run's second as a number: its name begins with the time. */
function stampOf(run: string): string {
  const [, day, time] = /^(\d{8})T(\d{6})Z/.exec(run) ?? [];
  if (day === undefined || time === undefined) throw new Error("the run's id tells no time");
  return `${day}${time}`;
}

function lines(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("base64");
  return text.match(new RegExp(`.{1,${LINE_CHARS}}`, "g"))?.join("\n") ?? "";
}
