import type { Host } from "./host.ts";

/** What `with-engine.ts` exports. */
export type WithEngine = typeof import("./with-engine.ts");

/** Loads what needs the engine. The built command has `load-compiled-engine.ts` in its place. */
export async function loadEngine(_host: Host): Promise<WithEngine> {
  return await import("./with-engine.ts");
}
