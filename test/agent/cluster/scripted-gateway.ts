import type { ApiAnswer, Gateway, WatchEvent } from "../../../agent/cluster/gateway-contract.ts";

/** One watch that a scripted API server answers: events, then its end, or a failure. */
export interface ScriptedWatch {
  readonly events?: readonly WatchEvent[];
  readonly fails?: Error;
  /** It stays open until it is stopped. */
  readonly stays?: true;
}

/** An API server that answers as a script says: what a real one can't be made to do when a test wants it. */
export interface ScriptedGateway extends Gateway {
  /** `METHOD PATH` of all that was asked, watches as `WATCH`. */
  readonly asked: string[];
  readonly bodies: unknown[];
}

export function scriptedGateway(script: {
  readonly answers: readonly (ApiAnswer | Error)[];
  readonly watches?: readonly ScriptedWatch[];
}): ScriptedGateway {
  const answers = [...script.answers];
  const watches = [...(script.watches ?? [])];
  const asked: string[] = [];
  const bodies: unknown[] = [];
  return {
    asked,
    bodies,
    async request(method, path, body) {
      asked.push(`${method} ${path}`);
      bodies.push(body);
      const answer = answers.shift();
      if (answer === undefined) throw new Error(`the script has no answer to ${method} ${path}`);
      if (answer instanceof Error) throw answer;
      return answer;
    },
    async watch(path, onEvent, signal) {
      asked.push(`WATCH ${path}`);
      const { events = [], fails, stays } = watches.shift() ?? { stays: true };
      for (const event of events) if (!signal.aborted) onEvent(event);
      if (fails !== undefined) throw fails;
      if (stays === undefined || signal.aborted) return;
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    },
    close: async () => undefined,
  };
}
