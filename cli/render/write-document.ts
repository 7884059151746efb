/** A document as programs read it. */
export async function writeDocument(document: object, format: "json" | "yaml"): Promise<string> {
  if (format === "json") return `${JSON.stringify(document, null, 2)}\n`;
  return (await import("yaml")).stringify(document);
}
