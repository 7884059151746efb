import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { BedError } from "./model.ts";

/** How to talk to the API server of a bed. */
export interface ApiAccess {
  /** `https://ADDRESS:PORT` */
  readonly server: string;
  /** PEM. */
  readonly ca: string;
  readonly token: string;
}

/** From the server's cache, and for a short time only: a server that has just started may forget a watch. */
const WATCH = "watch=true&resourceVersion=0&timeoutSeconds=5";
const READY_LIMIT_MS = 120_000;

/** A kubeconfig with one context; JSON, which is YAML. */
export function kubeconfig(access: ApiAccess, context: string): string {
  const data = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": context,
    clusters: [
      {
        name: context,
        cluster: {
          server: access.server,
          "certificate-authority-data": Buffer.from(access.ca).toString("base64"),
        },
      },
    ],
    users: [{ name: context, user: { token: access.token } }],
    contexts: [{ name: context, context: { cluster: context, user: context } }],
  };
  return `${JSON.stringify(data, undefined, 2)}\n`;
}

/** Waits until the API server says that it is ready. */
export async function apiReady(access: ApiAccess): Promise<void> {
  const deadline = Date.now() + READY_LIMIT_MS;
  let last = "no answer";
  while (Date.now() < deadline) {
    try {
      const response = await get(access, "/readyz", AbortSignal.timeout(5000));
      response.resume();
      if (response.statusCode === 200) return;
      last = `HTTP ${response.statusCode}`;
    } catch (error) {
      last = (error as Error).message;
    }
    // A refused connection is no event to wait on.
    await delay(100);
  }
  throw new BedError(`the API server at ${access.server} is not ready: ${last}`);
}

interface Watched {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly { type: string; status: string }[] };
}

/** Waits until all these nodes are Ready. */
export async function nodesReady(access: ApiAccess, names: readonly string[]): Promise<void> {
  const waiting = new Set(names);
  await watch(access, "/api/v1/nodes", ({ metadata, status }) => {
    const ready = status?.conditions?.some((one) => one.type === "Ready" && one.status === "True");
    if (ready) waiting.delete(metadata.name);
    return waiting.size === 0;
  }).catch((cause: unknown) => {
    throw new BedError(`not Ready: ${[...waiting].join(", ")} (${(cause as Error).message})`, {
      cause,
    });
  });
}

/** Waits until pods may be made in the namespace default. */
export async function defaultAccountReady(access: ApiAccess): Promise<void> {
  const path = "/api/v1/namespaces/default/serviceaccounts";
  await watch(access, path, ({ metadata }) => metadata.name === "default").catch(
    (cause: unknown) => {
      throw new BedError(`no service account in the namespace default: ${String(cause)}`, {
        cause,
      });
    },
  );
}

/** Watches a list, from what is there now, until `done` says true of an object. */
async function watch(
  access: ApiAccess,
  path: string,
  done: (object: Watched) => boolean,
): Promise<void> {
  const signal = AbortSignal.timeout(READY_LIMIT_MS);
  while (!(await watchOnce(await get(access, `${path}?${WATCH}`, signal), done))) {
    await delay(100, undefined, { signal });
  }
}

async function watchOnce(
  response: IncomingMessage,
  done: (object: Watched) => boolean,
): Promise<boolean> {
  try {
    if (response.statusCode !== 200) return false;
    let rest = "";
    for await (const chunk of response.setEncoding("utf8")) {
      const lines = `${rest}${chunk}`.split("\n");
      rest = lines.pop() ?? "";
      const objects = lines.map((line) => (JSON.parse(line) as { object: Watched }).object);
      if (objects.some(done)) return true;
    }
    return false;
  } finally {
    response.destroy();
  }
}

async function get(access: ApiAccess, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  const { server, ca, token } = access;
  const headers = { authorization: `Bearer ${token}` };
  const call = request(new URL(path, server), { ca, headers, signal, agent: false });
  call.end();
  const [response] = (await once(call, "response")) as [IncomingMessage];
  return response;
}
