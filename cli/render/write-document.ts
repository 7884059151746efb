import type { Output } from "../host.ts";

/** A document as programs read it. */
export async function writeDocument(document: object, format: "json" | "yaml"): Promise<string> {
  if (format === "json") return `${JSON.stringify(document, null, 2)}\n`;
  return (await import("yaml")).stringify(document);
}

/** How text for people is laid out. */
export interface TextStyle {
  /** All there is, on lines of any length. */
  readonly wide: boolean;
  /** Characters of a line of the terminal; absent: any number. */
  readonly width?: number;
}

/** The forms in which a command's answer can be had. */
interface Forms {
  readonly document: () => object;
  /** One name a line. */
  readonly names: () => string;
  readonly text: (style: TextStyle) => string;
}

/** An answer in the form that `--output` asks for; text fits the terminal that `stdout` is. */
export async function writeInFormat(
  format: string | undefined,
  forms: Forms,
  stdout: Pick<Output, "isTTY" | "columns"> = {},
): Promise<string> {
  switch (format) {
    case "json":
    case "yaml":
      return await writeDocument(forms.document(), format);
    case "name":
      return forms.names();
    case "junit":
      return (await import("./junit.ts")).toJUnit(forms.document());
    case "github":
      return (await import("./github.ts")).toGitHub(forms.document());
    default:
      return forms.text(textStyle(format === "wide", stdout));
  }
}

function textStyle(
  wide: boolean,
  { isTTY, columns }: Pick<Output, "isTTY" | "columns">,
): TextStyle {
  const width = wide || isTTY !== true ? 0 : (columns ?? 0);
  return width === 0 ? { wide } : { wide, width };
}
