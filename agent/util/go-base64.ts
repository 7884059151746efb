/**
 * Decodes standard base64, padded if it ends in `=`, else unpadded, as Go's encoding/base64 does: line breaks
 * are skipped, all other foreign characters refused, and left-over bits pass.
 *
 * @returns `undefined` for what is no base64
 */
export function decodeGoBase64(base64: string): Buffer | undefined {
  const text = base64.replaceAll(/[\r\n]/g, "");
  const valid = text.endsWith("=")
    ? /^[A-Za-z0-9+/]+={1,2}$/.test(text) && text.length % 4 === 0
    : /^[A-Za-z0-9+/]*$/.test(text) && text.length % 4 !== 1;
  return valid ? Buffer.from(text, "base64") : undefined;
}
