import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:https";
import { rootCertificates } from "node:tls";

/** How to ask; no credentials are ever among it. */
export interface HttpsOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** PEM of a CA to trust besides the usual ones. */
  readonly ca?: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One GET by HTTPS, no redirect followed; throws what node:https throws, or an Error for a body over the limit. */
export function httpsGet(url: URL, options: HttpsOptions): Promise<HttpsAnswer> {
  const { headers, ca, maxBytes, signal } = options;
  if (url.protocol !== "https:") return Promise.reject(new Error("it is not https"));
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      {
        headers: { "User-Agent": "pullcast", ...headers },
        signal,
        ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          size += chunk.length;
          if (size > maxBytes) asked.destroy(new Error(`the answer exceeds ${maxBytes} bytes`));
          else chunks.push(chunk);
        });
        response.on("error", reject);
        response.on("end", () => {
          const body = Buffer.concat(chunks).toString("utf8");
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        });
      },
    );
    asked.on("error", reject);
    asked.end();
  });
}
