import type { ExplainedNode, Explanation } from "../../agent/index.ts";
import { facts, joinSections, problemLines, table } from "./sections.ts";
import { formatClock } from "./time.ts";
import { wrap } from "./wrap.ts";
import type { TextStyle } from "./write-document.ts";

/** Rows told of what is not tried, and of the log, unless `wide` asks for all. */
const MAX_IGNORED = 10;
const MAX_LOG = 3;
const WIDTH = 100;

/** An explanation for people: the answer first, then what it rests on, and last what to mend and how. */
export function renderExplanation(explanation: Explanation, style: TextStyle): string {
  const { node, problems } = explanation;
  const sections = [
    wrap(verdict(explanation), Math.min(WIDTH, style.width ?? WIDTH)).join("\n"),
    candidates(explanation, style),
    ignored(explanation, style),
    pod(explanation),
    ...(node === undefined ? [] : nodeSections(node, style)),
    problemLines(problems),
  ];
  return joinSections(sections);
}

/** One sentence: what the kubelet does, and since when. */
function verdict({ result, repository, candidates: tried, node, source, problems }: Explanation) {
  const who = whose(node, source);
  if (result === "fails") {
    const why = problems.find(({ severity }) => severity === "error")?.message ?? "";
    return `${who} does not even try to pull ${repository}: ${why}.`;
  }
  if (result === "none") {
    const own = node?.runtime.find(({ type }) => type === "login");
    const runtime = own === undefined ? "" : `; the runtime may use its own login (${own.path})`;
    return `${who} pulls ${repository} without any credential${runtime}${force(node, source)}.`;
  }
  const count =
    tried.length === 1 ? "1 credential" : `${tried.length} credentials, one after another,`;
  return `${who} tries ${count} for ${repository}${force(node, source)}.`;
}

function whose(node: ExplainedNode | undefined, { type }: Explanation["source"]): string {
  const rules = node?.kubeletVersion === undefined ? "" : ` (kubelet ${node.kubeletVersion})`;
  if (type === "planned") return `After a push, ${node?.name}${rules}`;
  if (node !== undefined) return `${node.name}${rules}`;
  return type === "push" ? "A node with what push would send" : "A kubelet";
}

function force(node: ExplainedNode | undefined, { type }: Explanation["source"]): string {
  if (node === undefined || type !== "node") return "";
  const late = node.places.length > 0 && Date.parse(node.effectiveBy) > Date.parse(node.now);
  return late ? `, from ${formatClock(node.effectiveBy)} on at the latest` : ", from now on";
}

function candidates({ candidates: tried }: Explanation, style: TextStyle): string {
  if (tried.length === 0) return "";
  const rows = tried.map(({ key, username, source, fingerprint, expiresAt }, at) => [
    String(at + 1),
    key,
    username === undefined ? "(asked at each pull)" : username === "" ? "(empty)" : username,
    fingerprint,
    expiresAt,
    source,
  ]);
  return table(["TRIED", "KEY", "USER", "FINGERPRINT", "EXPIRES", "FROM"], rows, style);
}

function ignored({ ignored: left }: Explanation, style: TextStyle): string {
  if (left.length === 0) return "";
  const shown = style.wide ? left : left.slice(0, MAX_IGNORED);
  const rows = shown.map(({ key, why, source }) => [key, source, why]);
  const more = left.length - shown.length;
  const rest = more === 0 ? "" : `\nand ${more} more (-o wide tells them)`;
  return `${table(["NOT TRIED", "FROM", "WHY"], rows, style)}${rest}`;
}

function pod({ pod: about }: Explanation): string {
  if (about === undefined) return "";
  const { namespace, name, serviceAccount, imagePullPolicy, pullSecrets } = about;
  const secrets = pullSecrets.map((secret) =>
    secret.state === "found" ? secret.name : `${secret.name} (${secret.state})`,
  );
  const policy =
    imagePullPolicy === "IfNotPresent"
      ? "IfNotPresent: pulls only what the node lacks"
      : imagePullPolicy;
  return facts(`Pod ${namespace}/${name}`, [
    ["pull secrets", secrets.length === 0 ? "none" : secrets.join(", ")],
    ["ServiceAccount", serviceAccount],
    ["pull policy", policy],
    ["node", about.node],
  ]);
}

function nodeSections(node: ExplainedNode, style: TextStyle): string[] {
  const { kubelet } = node;
  const places = node.places.map(({ status, path, why, mode, uid, changedAt }) => [
    status,
    path,
    mode,
    uid === undefined ? undefined : String(uid),
    changedAt,
    why,
  ]);
  const providers = node.providers.map(({ name, serves, matchImages, programPresent }) => [
    name,
    serves ? "yes" : "no",
    programPresent ? "present" : "missing",
    matchImages.join(" "),
  ]);
  const runtime = node.runtime.map(({ type, registry, target, path }) => [
    type,
    registry,
    target,
    path,
  ]);
  const log = style.wide ? node.log : node.log.slice(-MAX_LOG);
  return [
    table(["PLACE", "FILE", "MODE", "UID", "CHANGED", "WHY"], places, style),
    facts(`Node ${node.name}`, [
      ["root directory", `${node.rootDir} (${node.rootProof})`],
      ["cwd and home", `${node.cwd}  ${node.home}`],
      [
        "kubelet",
        kubelet === undefined
          ? "none is running, as far as can be proven"
          : `${kubelet.process}, pid ${kubelet.pid}, since ${kubelet.startedAt}, ${kubelet.unit ?? "no unit"}`,
      ],
      ["last reading", node.lastReadAt ?? "not in its log"],
      ["clock", node.now],
      ...(style.wide ? [["executable", kubelet?.executable] as const] : []),
      ...Object.entries(node.flags).map(([name, value]) => [`--${name}`, value] as const),
    ]),
    providers.length === 0
      ? ""
      : table(["PROVIDER", "SERVES", "PROGRAM", "PATTERNS"], providers, style),
    runtime.length === 0 ? "" : table(["RUNTIME", "REGISTRY", "TO", "FILE"], runtime, style),
    log.length === 0
      ? ""
      : ["Last words of the kubelet's log:", ...log.map(({ at, text }) => `  ${at} ${text}`)].join(
          "\n",
        ),
  ];
}
