import liveBack from "./live-back.sh";
import liveUndo from "./live-undo.sh";

/** Where live mode keeps what its provider prints, and all else of it, on a node. */
export const LIVE_DIR = "/var/lib/pullcast";

/** The provider's name: its program's, and that of its configuration among those of others. */
export const PROVIDER = "pullcast";

/** The end of the path of the drop-in that names the provider to a kubelet: the last of a unit's. */
export const DROP_IN = "/zz-pullcast.conf";

/**
 * The provider: it prints what was prepared, and an answer without a login where nothing is.
 *
 * @param head - of an answer, up to its logins; no `'`, `|`, `&` or backslash
 */
export function providerProgram(head: string): string {
  return `#!/bin/sh
# pullcast: tells the kubelet the credentials in ${LIVE_DIR}/config.json, at each pull.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
head='${head}'
if [ -f ${LIVE_DIR}/config.json ]; then exec sed "1s|^{\\"auths\\":|$head|" ${LIVE_DIR}/config.json; fi
printf '%s{}}\\n' "$head"
`;
}

/** What the timer runs. */
export const UNDO_SCRIPT = `#!/bin/sh
# pullcast: takes back the kubelet's setting of a run that did not confirm it.
${withoutComments(liveBack)}
${withoutComments(liveUndo)}
`;

function withoutComments(text: string): string {
  return text
    .split("\n")
    .filter((line) => !/^\s*(?:#|$)/.test(line))
    .join("\n");
}
