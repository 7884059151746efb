import { apiWords } from "../../cluster/api-http.ts";
import type { ApiAnswer, Gateway } from "../../cluster/gateway.ts";
import { type Code, describeCode, PullcastError } from "../../errors.ts";
import { cleanText } from "../../util/clean-text.ts";
import { pause } from "../../util/pause.ts";
import { withholdSecrets } from "../../util/withhold.ts";

/** Why the API server did not do what it was asked. */
export interface Refusal {
  readonly code: Code;
  readonly message: string;
  readonly fix: string;
}

/** What was asked, for the words about it. */
export interface Asked {
  readonly verb: "get" | "list" | "patch" | "update" | "delete";
  readonly kind: "secret" | "serviceaccount";
  readonly namespace: string;
  readonly name: string;
  /** No webhook's words may repeat them. */
  readonly secrets?: readonly string[];
}

/** Tries for answers that pass by themselves; with the pauses about 3 s. */
const TRIES = 5;
const PAUSE_MS = 200;

/**
 * Sends a request again while the API server is overloaded or restarts.
 *
 * @throws PullcastError as `Gateway.request`
 */
export async function sendPatiently(
  send: () => ReturnType<Gateway["request"]>,
  signal: AbortSignal,
): Promise<ApiAnswer> {
  let answer = await send();
  for (let attempt = 1; attempt < TRIES && isPassing(answer); attempt += 1) {
    if (!(await pause(PAUSE_MS * 2 ** (attempt - 1), signal))) break;
    answer = await send();
  }
  return answer;
}

function isPassing({ status, body }: ApiAnswer): boolean {
  if (status === 429 || status === 503 || status === 504) return true;
  return status === 500 && !/webhook/.test(apiWords(body));
}

/** What a refusal of the API server means, from the status and the causes in it first, its words last. */
export function refusalOf({ status, body }: ApiAnswer, asked: Asked): Refusal {
  const { kind, namespace, name } = asked;
  const raw = (body as { message?: unknown } | null)?.message;
  const full = typeof raw === "string" ? withholdSecrets(raw, asked.secrets ?? []) : apiWords(body);
  // Without the object's name all namespaces have one cause.
  const words = cleanText(full.replace(/^\S+ "[^"]*" is (?:forbidden|invalid): /, ""), 400);
  const code = codeOf({ status, words, causes: causesOf(body) });
  const { title, fix } = describeCode(code);
  const fixes: Partial<Record<Code, string>> = {
    PC130: `kubectl auth can-i ${asked.verb} ${kind}/${name} -n ${namespace}`,
    PC164: `use another --name, or kubectl delete secret ${name} -n ${namespace}`,
    PC165: `use another --name, or kubectl delete secret ${name} -n ${namespace}`,
    PC166: `kubectl describe quota -n ${namespace}`,
  };
  return { code, message: `${title}: ${words}`, fix: fixes[code] ?? fix };
}

/** An error thrown about one namespace, as its refusal. */
export function thrownRefusal(error: unknown, asked: Asked): Refusal {
  if (!(error instanceof PullcastError)) throw error;
  if (error.code !== "PC104") return error;
  const { title } = describeCode("PC130");
  const fix = `kubectl auth can-i ${asked.verb} ${asked.kind}/${asked.name} -n ${asked.namespace}`;
  return { code: "PC130", message: `${title}: ${error.detail}`, fix };
}

/** Without what an error has beside. */
export function plainRefusal({ code, message, fix }: Refusal): Refusal {
  return { code, message, fix };
}

interface Said {
  readonly status: number;
  readonly words: string;
  readonly causes: readonly string[];
}

function codeOf({ status, words, causes }: Said): Code {
  if (causes.includes("NamespaceTerminating")) return "PC162";
  if (causes.includes("FieldManagerConflict")) return "PC163";
  if (/admission webhook|failed calling webhook|ValidatingAdmissionPolicy/.test(words)) {
    return "PC167";
  }
  if (status === 401) return "PC104";
  if (status === 403) return forbiddenCode(words);
  if (status === 404) return "PC161";
  if (status === 409) return "PC170";
  if (status === 413 || /must have at most|Too long/.test(words)) return "PC168";
  if (status === 422) return invalidCode(words);
  return status >= 500 || status === 429 ? "PC103" : "PC171";
}

function forbiddenCode(words: string): Code {
  if (/exceeded quota|insufficient quota/.test(words)) return "PC166";
  return /\bcannot \w+ resource\b/.test(words) ? "PC130" : "PC167";
}

function invalidCode(words: string): Code {
  if (/when `immutable` is set/.test(words)) return "PC165";
  return /^type: .*immutable/.test(words) ? "PC164" : "PC171";
}

function causesOf(body: unknown): string[] {
  const { details } = (body ?? {}) as {
    details?: { causes?: readonly { readonly reason?: string }[] };
  };
  return (details?.causes ?? []).map(({ reason = "" }) => reason);
}
