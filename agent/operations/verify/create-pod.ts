import { apiWords } from "../../cluster/api-http.ts";
import type { ApiAnswer, Gateway } from "../../cluster/gateway.ts";
import { type Pod, podsPath } from "../../cluster/pods.ts";
import { type Code, PullcastError } from "../../errors.ts";
import { pause } from "../../util/pause.ts";

/** A pod that was admitted, or why none was. */
export type Creation =
  | { readonly pod: Pod }
  | { readonly refusal: { readonly code: Code; readonly message: string } };

interface CreateOptions {
  readonly namespace: string;
  /** As JSON for the API server; its name is unique in the run. */
  readonly pod: object;
  /** Whether a pod that already has the name is the one that was sent. */
  readonly isOwn: (pod: Pod) => boolean;
  /** Aborted: no further try. */
  readonly signal: AbortSignal;
}

/** Tries for answers that pass by themselves; with the pauses about 6 s. */
const TRIES = 6;
const PAUSE_MS = 200;

/**
 * Creates a pod. Overload and a namespace so new that it has no ServiceAccount yet are waited out;
 * a pod that a lost answer had created after all is taken.
 *
 * @throws PullcastError PC103, PC105; PC104 for 401, which holds for all nodes
 */
export async function createPod(gateway: Gateway, options: CreateOptions): Promise<Creation> {
  const path = podsPath(options.namespace);
  let answer: ApiAnswer | undefined;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    if (attempt > 0) await pause(PAUSE_MS * 2 ** (attempt - 1), options.signal);
    if (answer !== undefined && options.signal.aborted) break;
    answer = await postOnce(gateway, path, options.pod);
    if (answer.status === 201) return { pod: answer.body as Pod };
    const own = answer.status === 409 ? await readOwn(gateway, path, options) : undefined;
    if (own !== undefined) return { pod: own };
    if (!isPassing(answer)) break;
  }
  return { refusal: refusalOf(answer ?? { status: 0, body: "" }) };
}

async function postOnce(gateway: Gateway, path: string, pod: object): Promise<ApiAnswer> {
  try {
    return await gateway.request("POST", path, pod);
  } catch (error) {
    if (error instanceof PullcastError && error.code === "PC106") {
      return { status: 504, body: error.message };
    }
    throw error;
  }
}

/** The pod of this name if it is the one that was sent: others may know the names and labels of a run. */
async function readOwn(
  gateway: Gateway,
  path: string,
  { pod, isOwn }: CreateOptions,
): Promise<Pod | undefined> {
  const { name } = (pod as Pick<Pod, "metadata">).metadata;
  const { status, body } = await gateway.request("GET", `${path}/${encodeURIComponent(name)}`);
  return status === 200 && isOwn(body as Pod) ? (body as Pod) : undefined;
}

function isPassing({ status, body }: ApiAnswer): boolean {
  if (status === 429 || status >= 500) return true;
  return status === 403 && /serviceaccount ".*" not found/.test(apiWords(body));
}

function refusalOf({ status, body }: ApiAnswer): { code: Code; message: string } {
  // Without the pod's name all nodes have one cause.
  const words = apiWords(body).replace(/^pods "[^"]*" is forbidden: /, "");
  if (status === 401) throw new PullcastError("PC104", { detail: words });
  if (status === 403 && /cannot create resource/.test(words)) {
    return { code: "PC104", message: words };
  }
  if (status >= 500) return { code: "PC103", message: `HTTP ${status}: ${words}` };
  return { code: "PC506", message: words };
}
