/** Stands for words that hold a secret. */
const WITHHELD = "(words left out: they hold a secret)";

/**
 * Untrusted words as they are, or a fixed text where they hold one of the secrets in any usual form:
 * as it is, base64, percent-encoded or JSON-escaped. Nothing is masked in place, since what is left
 * around a mask tells where a short secret stood. Call it before the words are cut.
 */
export function withholdSecrets(words: string, secrets: readonly string[]): string {
  const forms = secrets.filter((secret) => secret !== "").flatMap(formsOf);
  return forms.some((form) => words.includes(form)) ? WITHHELD : words;
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    bytes.toString("base64").replace(/=+$/, ""),
    bytes.toString("base64url"),
    encodeURIComponent(bytes.toString()),
    JSON.stringify(secret).slice(1, -1),
  ];
}
