import type { Bed } from "../bed/index.ts";

/** What `ls` tells of a file on a node, and its content. */
export interface NodeFile {
  readonly inode: string;
  readonly mtime: string;
  /** Octal mode, user and group. */
  readonly mode: string;
  readonly content: string;
}

export const KUBELET_CONFIG = "/var/lib/kubelet/config.json";

/** The file at `path` on a node, `undefined` where there is none. */
export async function readNodeFile(
  bed: Bed,
  node: string,
  path: string = KUBELET_CONFIG,
): Promise<NodeFile | undefined> {
  const stat = await bed.exec(node, ["stat", "-c", "%i|%y|%a %U:%G", path]);
  if (stat.code !== 0) return undefined;
  const [inode = "", mtime = "", mode = ""] = stat.stdout.trim().split("|");
  const { stdout: content } = await bed.exec(node, ["cat", path]);
  return { inode, mtime, mode, content };
}

/** Writes a file on a node as somebody else than pullcast would. */
export async function writeNodeFile(
  bed: Bed,
  file: { readonly node: string; readonly path: string; readonly content: string },
): Promise<void> {
  const { node, path, content } = file;
  const script = `mkdir -p "$(dirname ${path})" && cat > ${path} && chmod 640 ${path} && touch -d 2020-02-02T02:02:02 ${path}`;
  const { code, stderr } = await bed.exec(node, ["sh", "-c", script], {
    input: Buffer.from(content),
  });
  if (code !== 0) throw new Error(`${node}: ${stderr}`);
}
