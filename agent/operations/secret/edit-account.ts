import type { ApiAnswer, Gateway } from "../../cluster/gateway.ts";
import {
  readServiceAccount,
  replaceServiceAccount,
  type ServiceAccount,
} from "../../cluster/service-accounts.ts";
import { describeCode } from "../../errors.ts";
import { pause } from "../../util/pause.ts";
import type { AccountItem } from "./model.ts";
import { plainRefusal, refusalOf, sendPatiently, thrownRefusal } from "./refusal.ts";
import type { AccountView } from "./survey.ts";

/** How a ServiceAccount is to be changed. */
export interface AccountEdit {
  /** What it should be; a word where nothing is to be done. */
  readonly change: (account: ServiceAccount) => ServiceAccount | "unchanged" | "kept";
  readonly done: "added" | "removed";
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

/** Writers of the same ServiceAccount at one time: each round serves one of them. */
const TRIES = 12;
const PAUSE_MS = 20;

/**
 * Changes a ServiceAccount by read, change and replace: what others wrote meanwhile is read again and stays.
 *
 * @returns what became of it: a refusal is a value
 * @throws PullcastError PC103, PC105, PC106 where the cluster is lost
 */
export async function editAccount(
  gateway: Gateway,
  view: AccountView & { readonly namespace: string },
  edit: AccountEdit,
): Promise<AccountItem> {
  const { namespace, name } = view;
  const asked = { verb: "update", kind: "serviceaccount", namespace, name } as const;
  try {
    const outcome = await writeUntilTaken(gateway, view, edit);
    if (outcome === "kept") return kept(name);
    if (outcome === "missing") return missing(namespace, name);
    if (outcome === "unchanged") return { name, result: outcome };
    if (outcome.status === 200) return { name, result: resultOf(edit) };
    return { name, result: "failed", ...plainRefusal(refusalOf(outcome, asked)) };
  } catch (error) {
    return { name, result: "failed", ...plainRefusal(thrownRefusal(error, asked)) };
  }
}

/** The last answer to a write, or why nothing was written. */
async function writeUntilTaken(
  gateway: Gateway,
  { namespace, name, account }: AccountView & { readonly namespace: string },
  edit: AccountEdit,
): Promise<ApiAnswer | "unchanged" | "kept" | "missing"> {
  let current = account;
  for (let attempt = 0; current !== undefined; attempt += 1) {
    const next = edit.change(current);
    if (typeof next === "string") return next;
    const answer = await sendPatiently(
      () => replaceServiceAccount(gateway, next, edit),
      edit.signal,
    );
    if (answer.status === 404) return "missing";
    if (answer.status !== 409 || attempt >= TRIES) return answer;
    // Writers that began together would meet again.
    const spread = PAUSE_MS * 2 ** Math.min(attempt, 5);
    if (attempt > 0) await pause(Math.random() * spread, edit.signal);
    current = await readServiceAccount(gateway, { namespace, name });
  }
  return "missing";
}

/** A ServiceAccount's failure as its namespace's. */
export function accountFailure({ name, code, message = "", fix }: AccountItem) {
  return {
    result: "failed",
    ...(code && { code }),
    message: `serviceaccount ${name}: ${message}`,
    ...(fix && { fix }),
  } as const;
}

function resultOf({ done, dryRun }: AccountEdit): AccountItem["result"] {
  if (!dryRun) return done;
  return done === "added" ? "would-add" : "would-remove";
}

function missing(namespace: string, name: string): AccountItem {
  const { title } = describeCode("PC169");
  const fix = `kubectl create serviceaccount ${name} -n ${namespace}`;
  return { name, result: "missing", code: "PC169", message: title, fix };
}

function kept(name: string): AccountItem {
  const { title, fix } = describeCode("PC172");
  return { name, result: "kept", code: "PC172", message: title, fix };
}
