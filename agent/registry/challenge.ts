/** A registry's `WWW-Authenticate: Bearer …`. */
export interface BearerChallenge {
  readonly realm: string;
  readonly service?: string;
  readonly scope?: string;
}

const PARAMETER = /([a-zA-Z_]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g;
const MAX_HEADER = 8192;

/** Reads a Bearer challenge (RFC 6750 and the distribution token specification), or `undefined`. */
export function parseBearer(header: string | undefined): BearerChallenge | undefined {
  if (header === undefined || header.length > MAX_HEADER) return undefined;
  const scheme = /(?:^|,\s*)Bearer\s+/i.exec(header);
  if (scheme === null) return undefined;
  const values = new Map<string, string>();
  for (const match of header.slice(scheme.index + scheme[0].length).matchAll(PARAMETER)) {
    const [, name = "", quoted, plain = ""] = match;
    const key = name.toLowerCase();
    if (!values.has(key)) values.set(key, quoted?.replace(/\\(.)/g, "$1") ?? plain);
  }
  const realm = values.get("realm");
  if (realm === undefined) return undefined;
  const service = values.get("service");
  const scope = values.get("scope");
  return {
    realm,
    ...(service === undefined ? {} : { service }),
    ...(scope === undefined ? {} : { scope }),
  };
}

/** Whether a registry takes a login by `Authorization: Basic` (RFC 7617). */
export function asksBasic(header: string | undefined): boolean {
  return header !== undefined && header.length <= MAX_HEADER && /(?:^|,\s*)Basic\b/i.test(header);
}
