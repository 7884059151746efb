import type { Host } from "./host.ts";

/** What the engine is loaded for, and where its compiled code is kept. */
export type LoadFacts = Pick<Host, "argv" | "env" | "homeDir" | "version">;

/** What `with-engine.ts` exports. */
export type WithEngine = typeof import("./with-engine.ts");

/** Loads what needs the engine. The built command has `load-compiled-engine.ts` in its place. */
export async function loadEngine(_facts: LoadFacts): Promise<WithEngine> {
  return await import("./with-engine.ts");
}
