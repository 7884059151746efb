import { createHash } from "node:crypto";
import { posix } from "node:path";
import { PullcastError } from "../errors.ts";
import type { Admission } from "../model.ts";
import { Secret } from "../secret.ts";
import { once } from "../util/once.ts";
import { admissionOf, type Become, nodeCommand, type RootAccess, rootAccess } from "./become.ts";
import { UNDO_SCRIPT } from "./live-files.ts";
import { type ProgramName, programText } from "./programs.ts";

/** What every program on a node is told. */
export interface NodeRequest {
  /** Login name. */
  readonly user: string;
  readonly become?: Become;
  /** Absolute path of the directory of config.json; found on the node if absent. */
  readonly dir?: string;
  /** The run's id, part of the names of kept files. */
  readonly run: string;
  /** Lower-case hex, fresh for every try: it makes the answer ours. */
  readonly nonce: string;
  /** Overwrite or hide what others wrote; what is overwritten is kept. */
  readonly replace: boolean;
  /** What the cluster knows as the node's machine-id; a host with another one is refused. */
  readonly machineId?: string;
  /** What it knows as the uuid of the node's board or virtual machine, in any case; likewise. */
  readonly systemUuid?: string;
}

/** A command for one SSH exec, and all of its standard input. */
export interface NodeProgram {
  readonly command: string;
  /** What goes before the input. */
  readonly admission?: Admission;
  readonly input: Secret<Uint8Array>;
  /** The way to root that the command takes. */
  readonly access: RootAccess;
}

/** What a merge saw and what it writes, so that nothing that came meanwhile is lost. */
export interface MergeTerms {
  /** Lower-case hex SHA-256 of the file that was merged into, `-` where there was none: PC330 if another stands there. */
  readonly expect: string;
  /** Whether entries of others are in the new file. */
  readonly share: "whole" | "part";
}

/** Days for which files that were replaced are kept for a rollback. */
const KEEP_DAYS = 90;
/** A day after all others: nothing is from it or later. */
const NEVER = "99999999";

/**
 * Replaces config.json by `config`, atomically and durably; an equal file of mode 0600 is left alone, but for a
 * merge, which may have a new story.
 *
 * @throws {PullcastError} PC001 where `dir` is not an absolute path of plain characters
 */
export function composeInstall(
  request: NodeRequest & {
    readonly config: {
      readonly bytes: Secret<Uint8Array>;
      readonly digest: string;
      readonly sizeBytes: number;
    };
    /** One line of JSON, ASCII: see formatStory. */
    readonly story?: string;
    /** Absent: all of the file is ours, whatever stands there. */
    readonly merge?: MergeTerms;
    /** Keep none of the files that earlier runs left. @default false */
    readonly forgetPast?: boolean;
  },
): NodeProgram {
  const { bytes, digest } = request.config;
  return compose(
    "install",
    { ...request, ...(request.story === undefined ? {} : { extra: request.story }) },
    { bytes: bytes.reveal(), digest },
  );
}

/** A file that is installed by a copy of the program that is on the node already, and what it is told. */
export interface StandingInstall {
  /** Absolute path of the directory of config.json, as the program sees it. */
  readonly dir: string;
  readonly run: string;
  readonly replace: boolean;
  readonly config: { readonly bytes: Secret<Uint8Array>; readonly digest: string };
  /** One line of JSON, ASCII: see formatStory. */
  readonly story: string;
}

/**
 * What a standing copy of the install program is told, one line with its end; it puts a nonce of its own before it. Whoever reads it
 * knows the file's digest: it is as secret as the file.
 */
export function standingHeader({ config, story, ...request }: StandingInstall): Secret<string> {
  const payload = { bytes: config.bytes.reveal(), digest: config.digest };
  return new Secret(`${headerOf("install", { ...request, extra: story }, payload)}\n`);
}

/**
 * Brings back what stood there before pullcast's first write.
 *
 * @throws {PullcastError} PC001 where `dir` is not an absolute path of plain characters
 */
export function composeRestore(request: NodeRequest): NodeProgram {
  return compose("restore", request, NOTHING);
}

/**
 * Restarts the systemd unit that owns the kubelet, or runs `restartCommand` in root's shell.
 *
 * @throws {PullcastError} PC001 where `dir` is not an absolute path of plain characters
 */
export function composeRestart(
  request: NodeRequest & { readonly restartCommand?: string },
): NodeProgram {
  // The shell drops line ends at the end of a text, and would then miss bytes.
  const bytes = Buffer.from(request.restartCommand?.trim() ?? "");
  const digest = createHash("sha256").update(bytes).digest("hex");
  return compose("restart", request, { bytes, digest });
}

/**
 * Reads all that decides which credentials the node's kubelet tries; changes nothing.
 * Its output holds the credential files: `readSurvey` is the only reader.
 *
 * @throws {PullcastError} PC001 where `dir` is not an absolute path of plain characters
 */
export function composeSurvey(request: Omit<NodeRequest, "replace">): NodeProgram {
  return compose("survey", { ...request, replace: false }, NOTHING);
}

/**
 * Looks at all that an install of a file with this digest would refuse; changes nothing.
 *
 * @throws {PullcastError} PC001 where `dir` is not an absolute path of plain characters
 */
export function composeProbe(
  request: NodeRequest & { readonly digest?: string; readonly merge?: MergeTerms },
): NodeProgram {
  return compose("probe", request, { ...NOTHING, digest: request.digest ?? NOTHING.digest });
}

/**
 * Tells what stands there, whose it is, and what hides or would be hidden; changes nothing.
 * Its output holds the credential files: `readLook` is the only reader.
 *
 * @param request - `past` is a run whose file is wanted as well, or `all` for all files that are kept
 * @throws {PullcastError} PC001 where `dir` is not an absolute path of plain characters
 */
export function composeLook(
  request: Omit<NodeRequest, "replace"> & { readonly past?: string },
): NodeProgram {
  const { past, ...rest } = request;
  const extra = past === undefined ? {} : { extra: token(past, RUN_ID, "run id") };
  return compose("look", { ...rest, replace: false, ...extra }, NOTHING);
}

/**
 * Tells which of these are on the node already; changes nothing. `readStock` reads its answer.
 *
 * @param wanted - lines as stock.sh has them
 */
export function composeStock(
  request: Omit<NodeRequest, "replace">,
  wanted: readonly string[],
): NodeProgram {
  const bytes = Buffer.from(wanted.map((line) => `${line}\n`).join(""));
  return compose("stock", { ...request, replace: false }, { bytes, digest: "-" });
}

/**
 * Puts a layer into the node's content store: its bytes from `from` on are to follow the input.
 *
 * @param layer - `digest` as `sha256:…`; so many bytes of it are there from before
 */
export function composeIngest(
  request: Omit<NodeRequest, "replace">,
  layer: { readonly digest: string; readonly sizeBytes: number; readonly from: number },
): NodeProgram {
  const digest = layer.digest.slice("sha256:".length);
  const extra = token(String(layer.from), /^\d{1,15}$/, "offset");
  return compose(
    "ingest",
    { ...request, replace: false, extra },
    { bytes: new Uint8Array(), digest, streamedBytes: layer.sizeBytes },
  );
}

/** What an image on a node is to be called and to mean. */
export interface ImageTerms {
  readonly name: string;
  readonly byDigest: string;
  /** Digest of the image's own index or manifest. */
  readonly top: string;
  /** `linux/amd64`. */
  readonly platform: string;
  readonly pin: boolean;
  /** The set that is to hold it. */
  readonly set?: string;
  /** Digests of its layers: marks of ours go from them. */
  readonly layers: readonly string[];
}

/**
 * Makes an image of layers that are on the node.
 *
 * @param layout - an OCI layout without layers, as a tar
 */
export function composeLoad(
  request: Omit<NodeRequest, "replace">,
  layout: Uint8Array,
  terms: ImageTerms,
): NodeProgram {
  const digest = createHash("sha256").update(layout).digest("hex");
  return compose(
    "load",
    { ...request, replace: false, extra: imageWords(terms).join(" ") },
    { bytes: layout, digest },
  );
}

/**
 * Has the node pull an image from a registry on a port of its loopback.
 *
 * @param from - the registry's port, and what whoever asks must know
 */
export function composePull(
  request: Omit<NodeRequest, "replace">,
  from: { readonly port: number; readonly token: Secret },
  terms: ImageTerms,
): NodeProgram {
  const port = token(String(from.port), /^\d{1,5}$/, "port");
  const bytes = Buffer.from(token(from.token.reveal(), /^[\w-]{20,100}$/, "token"));
  return compose(
    "pull",
    { ...request, replace: false, extra: [port, ...imageWords(terms)].join(" ") },
    { bytes, digest: terms.top.slice("sha256:".length) },
  );
}

/**
 * Has docker or podman load an archive, whose bytes are to follow the input.
 *
 * @param image - the name that it gets, and the ID, `sha256:…`, that this must mean then
 */
export function composeLoadArchive(
  request: Omit<NodeRequest, "replace">,
  image: { readonly name: string; readonly id: string; readonly sizeBytes: number },
): NodeProgram {
  const words = [image.name, image.id].map((word) => token(word, IMAGE_WORD, "image"));
  const digest = image.id.slice("sha256:".length);
  return compose(
    "load_archive",
    { ...request, replace: false, extra: words.join(" ") },
    { bytes: new Uint8Array(), digest, streamedBytes: image.sizeBytes },
  );
}

function imageWords({ name, byDigest, top, platform, pin, set, layers }: ImageTerms): string[] {
  return [
    ...[name, byDigest, top, platform].map((word) => token(word, IMAGE_WORD, "image")),
    pin ? "yes" : "no",
    set === undefined ? "-" : token(set, SET_NAME, "set"),
    layers.length === 0 ? "-" : layers.map((one) => token(one, IMAGE_WORD, "digest")).join(","),
  ];
}

/** What a node is asked of the images that pullcast holds there. */
export type LedgerTerms =
  /** Which they are. */
  | { readonly type: "list" }
  /** The set holds these references, and lets go what else it held. */
  | { readonly type: "keep"; readonly set: string; readonly refs: readonly string[] }
  /** What no set holds is unpinned. */
  | { readonly type: "prune" };

/** Looks at, or changes, which images pullcast holds on a node; `readLedger` reads its answer. */
export function composeLedger(
  request: Omit<NodeRequest, "replace">,
  terms: LedgerTerms,
): NodeProgram {
  const isKeep = terms.type === "keep";
  const lines = isKeep ? terms.refs.map((ref) => `${token(ref, IMAGE_WORD, "image")}\n`) : [];
  const extra = `${terms.type} ${isKeep ? token(terms.set, SET_NAME, "set") : "-"}`;
  return compose(
    "ledger",
    { ...request, replace: false, extra },
    { bytes: Buffer.from(lines.join("")), digest: "-" },
  );
}

/** Names of sets, as they can stand in a label's key. */
export const SET_NAME: RegExp = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

const IMAGE_WORD = /^[A-Za-z0-9[][A-Za-z0-9._:/@[\]-]*$/;

/** What makes a kubelet ask a provider. */
export interface LiveSettings {
  readonly unit: string;
  /** The kubelet's list of providers: where it goes, and what it is to be. */
  readonly configPath: string;
  readonly config: Secret<Uint8Array>;
  readonly programPath: string;
  readonly program: string;
  /** Names both to the kubelet; absent where it reads the list's directory already. */
  readonly dropIn?: string;
  /** The list that `config` is a copy of, and its lower-case hex SHA-256. */
  readonly source?: { readonly path: string; readonly digest: string };
  /** Of registries, decimal. */
  readonly ports: readonly string[];
}

/**
 * One step of live mode; `stage` changes nothing, and its output may hold secrets of others' providers.
 * - `enable`: writes all that is needed, sets a timer that takes it back in 60 s, restarts the kubelet
 * - `confirm`: makes it last and stops the timer
 * - `undo`: takes back what is not confirmed, at once
 * - `remove`: takes all of it away; the kubelet is not restarted
 *
 * @throws {Error} where a path holds other than plain characters
 */
export function composeLive(
  request: NodeRequest,
  step: "stage" | "confirm" | "undo" | "remove" | LiveSettings,
): NodeProgram {
  if (typeof step === "string") return compose("live", { ...request, extra: step }, NOTHING);
  const { unit, configPath, config, programPath, program, dropIn, source, ports } = step;
  const files = [
    Buffer.from(config.reveal()),
    ...[program, UNDO_SCRIPT, dropIn ?? ""].map((text) => Buffer.from(text)),
  ];
  const words = [
    "enable",
    ...[unit, configPath, programPath].map((word) => token(word, PLAIN_WORD, "path")),
    dropIn === undefined ? "no" : "yes",
    token(source?.path ?? "-", PLAIN_WORD, "path"),
    token(source?.digest ?? "-", /^(?:[0-9a-f]{64}|-)$/, "digest"),
    ports.length === 0 ? "-" : ports.map((port) => token(port, /^\d{1,5}$/, "port")).join(","),
    ...files.map(({ length }) => String(length)),
  ];
  const bytes = Buffer.concat(files);
  const digest = createHash("sha256").update(bytes).digest("hex");
  return compose("live", { ...request, extra: words.join(" ") }, { bytes, digest });
}

const PLAIN_WORD = /^[A-Za-z0-9@:._\\/+-]+$/;

const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;

interface Payload {
  readonly bytes: Uint8Array;
  /** Lower-case hex SHA-256, or `-`. */
  readonly digest: string;
  /** The size that the program is told where the bytes come after the input. */
  readonly streamedBytes?: number;
}

const NOTHING: Payload = { bytes: new Uint8Array(), digest: "-" };

interface WholeRequest extends NodeRequest {
  readonly forgetPast?: boolean;
  readonly merge?: MergeTerms;
  /** Printable ASCII: the rest of the header's line. */
  readonly extra?: string;
}

/** What begins the input, in bytes: the same for all nodes. A run has a few of them, made when they are asked for. */
const beginnings = new Map<string, Uint8Array>();

function beginningOf(name: ProgramName): Uint8Array {
  return once(beginnings, name, () => {
    const program = programText(name);
    return Buffer.from(`PULLCAST1 ${program.length}\n${program}`, "latin1");
  });
}

function compose(name: ProgramName, request: WholeRequest, payload: Payload): NodeProgram {
  const access = rootAccess(request.user, request.become);
  const admission = admissionOf(access);
  const nonce = token(request.nonce, /^[0-9a-f]{8,64}$/, "nonce");
  const header = `${nonce} ${headerOf(name, request, payload)}`;
  return {
    command: nodeCommand(access),
    ...(admission === undefined ? {} : { admission }),
    access,
    input: new Secret(
      Buffer.concat([beginningOf(name), Buffer.from(`${header}\n`), payload.bytes]),
    ),
  };
}

/** The words that tell a program what to do, but for the nonce. */
function headerOf(
  name: ProgramName,
  request: Omit<WholeRequest, "nonce" | "user">,
  payload: Payload,
): string {
  return [
    name,
    request.dir === undefined ? "-" : directory(request.dir),
    String(payload.streamedBytes ?? payload.bytes.length),
    token(payload.digest, /^(?:[0-9a-f]{64}|-)$/, "digest"),
    request.replace ? "yes" : "no",
    token(request.run, RUN_ID, "run id"),
    machineToken(request.machineId),
    uuidToken(request.systemUuid),
    token(request.merge?.expect ?? "any", /^(?:[0-9a-f]{64}|-|any)$/, "digest"),
    request.merge?.share === "part" ? "part" : "yes",
    request.forgetPast === true ? NEVER : daysBefore(request.run, KEEP_DAYS),
    token(request.extra ?? "-", /^[!-~](?:[ -~]*[!-~])?$/, "last field"),
  ].join(" ");
}

function token(value: string, pattern: RegExp, what: string): string {
  if (!pattern.test(value)) throw new Error(`the ${what} is malformed`);
  return value;
}

/** Without a last slash, without `.` parts; `..` could lead past a symbolic link. */
function directory(path: string): string {
  if (!/^\/[A-Za-z0-9._/@:+-]*$/.test(path) || path.split("/").includes("..")) {
    throw new PullcastError("PC001", {
      detail: "--path is not an absolute path of letters, digits and . _ / @ : + - without ..",
      fix: "give the kubelet's root directory, for instance --path /var/lib/kubelet",
    });
  }
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
}

/** An odd id is an API writer's invention: it must match no machine, and must not get lost either. */
function machineToken(id: string | undefined): string {
  if (id === undefined) return "-";
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(id) ? id : "malformed";
}

/** Where a kubelet found no uuid it tells something else, for instance the machine-id once more. */
function uuidToken(uuid: string | undefined): string {
  return uuid !== undefined && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid)
    ? uuid
    : "-";
}

/** The day so many days before a run, YYYYMMDD, by the clock that names the runs; 0 where its name tells no time. */
function daysBefore(run: string, days: number): string {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)T/.exec(run) ?? [];
  if (year === undefined) return "0";
  const first = Date.UTC(Number(year), Number(month) - 1, Number(day)) - days * 86_400_000;
  return new Date(first).toISOString().slice(0, 10).replaceAll("-", "");
}
