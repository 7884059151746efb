import { parseJson } from "../util/parse-json.ts";

interface Given {
  readonly token: string;
  /** `scope` of the token service's answer. */
  readonly scope: unknown;
}

/**
 * What a token allows on the repository of a scope, as far as it tells: by the answer's `scope` (distribution:
 * oauth2 specification) or by the token's own claim `access` (distribution: jwt specification; never verified,
 * only read). `undefined` where neither is there: most clouds' tokens tell nothing.
 *
 * @param scope - what was asked for, for instance `repository:team/app:pull,push`
 */
export function grantedActions(
  { token, scope: answered }: Given,
  scope: string | undefined,
): readonly string[] | undefined {
  const asked = scope === undefined ? undefined : splitScope(scope);
  if (asked === undefined) return undefined;
  const granted = accessClaim(token) ?? answeredScopes(answered);
  if (granted === undefined) return undefined;
  const here = granted.filter(({ type, name }) => type === asked.type && name === asked.name);
  return [...new Set(here.flatMap(({ actions }) => actions))];
}

interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** `TYPE:NAME:ACTION,ACTION`; a name may hold a port's colon. */
function splitScope(scope: string): Access | undefined {
  const [, type = "", name = "", actions = ""] = /^([^:]+):(.+):([^:]*)$/.exec(scope) ?? [];
  return type === "" ? undefined : { type, name, actions: actions.split(",").filter(Boolean) };
}

function answeredScopes(scope: unknown): Access[] | undefined {
  if (typeof scope !== "string" || scope === "") return undefined;
  return scope.split(" ").flatMap((text) => splitScope(text) ?? []);
}

function accessClaim(token: string): Access[] | undefined {
  const [, payload = "", signature] = token.split(".");
  if (signature === undefined) return undefined;
  const claims = parseJson(Buffer.from(payload, "base64url").toString());
  const { access } = (claims ?? {}) as { access?: unknown };
  return Array.isArray(access) ? access.flatMap(readAccess) : undefined;
}

function readAccess(value: unknown): Access[] {
  const { type, name, actions } = (value ?? {}) as Record<string, unknown>;
  if (typeof type !== "string" || typeof name !== "string" || !Array.isArray(actions)) return [];
  return [{ type, name, actions: actions.filter((action) => typeof action === "string") }];
}
