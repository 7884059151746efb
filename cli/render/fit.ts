/** The tail tells more than the head: that is where the registry's words are. */
const HEAD_SHARE = 0.3;

/**
 * What runtimes put before the cause, each with the whole reference: containerd 1.6 to 2
 * (`failed to pull and unpack image "…": failed to resolve reference "…": …`) and the kubelet's own `rpc error`.
 */
const RUNTIME_PREFIX =
  /(?:rpc error: code = \w+ desc = )?(?:failed to (?:pull and unpack image|pull image|resolve (?:reference|image)|copy|do request) (?:\\?"[^"]*"|\S+): )+|rpc error: code = \w+ desc = /g;

/** A text without what every message of a runtime begins with. */
export function withoutRuntimePrefix(text: string): string {
  return text.replace(RUNTIME_PREFIX, "");
}

/** A text for so many characters: whole, or without its middle, so that code and last words stay. */
export function cutMiddle(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  const room = Math.max(0, width - 1);
  const head = Math.floor(room * HEAD_SHARE);
  const tail = room - head;
  return `${characters.slice(0, head).join("")}…${characters.slice(characters.length - tail).join("")}`;
}
