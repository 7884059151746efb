/** What follows such a word is a secret. */
const NAMED =
  /((?:pass(?:word|wd|phrase)?|secret|token|auth(?:orization)?|bearer|basic|credentials?|key|pin)["']?\s*(?:[:=]|\bis\b)\s*)(\S+)/gi;
/** `user:password@host` of a URL. */
const LOGIN = /(\/\/)[^\s/@]+@/g;
/** So long and so mixed, a word is no word. */
const LONG_WORD = /[A-Za-z0-9+/=_.~-]{16,}/g;
const MASK = "***";

/**
 * Masks in words of a foreign program all that may be a secret of which nothing is known but its look: what
 * follows `password=` and the like, logins of URLs, quoted JSON, long words that mix letters with figures.
 * It masks too much rather than too little.
 */
export function maskSecrets(words: string): string {
  // A helper's answer holds the secret under a name of the protocol; nothing of it is words.
  if (/^\s*[{[]/.test(words)) return "";
  return words
    .replaceAll(LOGIN, `$1${MASK}@`)
    .replaceAll(NAMED, `$1${MASK}`)
    .replaceAll(LONG_WORD, (word) => (looksRandom(word) ? MASK : word));
}

/** Each part between slashes and dots is judged: paths and host names are made of short, plain ones. */
function looksRandom(word: string): boolean {
  const parts = word.split(/[/.]/);
  return parts.some(
    (part) =>
      part.length >= 12 && (/\d/.test(part) ? /[a-z]/i.test(part) : /[a-z][A-Z]|[+=~]/.test(part)),
  );
}
