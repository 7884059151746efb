import { type OwnGateway, startGateway } from "./gateway.ts";
import type { Gateway } from "./gateway-contract.ts";
import type { KubectlSettings } from "./kubectl.ts";

/**
 * A gateway for days: where its proxy has ended, the next request starts another one. What a request meets meanwhile
 * is its own failure.
 */
export function durableGateway(kubectl: KubectlSettings, signal: AbortSignal): Gateway {
  let current: Promise<OwnGateway> | undefined;
  const open = (): Promise<OwnGateway> => {
    if (current !== undefined) return current;
    const opening = startGateway(kubectl, signal);
    current = opening;
    const forget = () => {
      if (current === opening) current = undefined;
    };
    opening.then(async (gateway) => {
      await gateway.ended;
      forget();
      await gateway.close();
    }, forget);
    return opening;
  };
  return {
    request: async (method, path, body) => await (await open()).request(method, path, body),
    watch: async (path, onEvent, stop) => await (await open()).watch(path, onEvent, stop),
    close: async () => {
      const last = current;
      await (await last?.catch(() => undefined))?.close();
    },
  };
}
