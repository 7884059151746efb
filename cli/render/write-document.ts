/** A document as programs read it. */
export async function writeDocument(document: object, format: "json" | "yaml"): Promise<string> {
  if (format === "json") return `${JSON.stringify(document, null, 2)}\n`;
  return (await import("yaml")).stringify(document);
}

/** The forms in which a command's answer can be had. */
interface Forms {
  readonly document: () => object;
  /** One name a line. */
  readonly names: () => string;
  readonly text: (wide: boolean) => string;
}

/** An answer in the form that `--output` asks for. */
export async function writeInFormat(format: string | undefined, forms: Forms): Promise<string> {
  switch (format) {
    case "json":
    case "yaml":
      return await writeDocument(forms.document(), format);
    case "name":
      return forms.names();
    default:
      return forms.text(format === "wide");
  }
}
