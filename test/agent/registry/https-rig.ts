import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** An HTTPS server on a free loopback port, with a certificate of its own making. */
export interface HttpsRig {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly caFile: string;
  /** The certificate's key. */
  readonly keyFile: string;
  /** Port on 127.0.0.1. */
  readonly port: number;
  /** Requests so far. */
  readonly requests: { method: string; url: string; authorization: string | undefined }[];
  close(): Promise<void>;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Starts a server; needs openssl on PATH. `names` are DNS names that its certificate has besides the address. */
export async function httpsRig(
  handler: Handler,
  { names = [] }: { readonly names?: readonly string[] } = {},
): Promise<HttpsRig> {
  const dir = await mkdtemp(join(tmpdir(), "pullcast-https-"));
  const [keyFile, caFile] = [join(dir, "key.pem"), join(dir, "cert.pem")];
  const altNames = ["IP:127.0.0.1", ...names.map((name) => `DNS:${name}`)].join(",");
  await promisify(execFile)("openssl", [
    ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(" "),
    ...["-subj", "/CN=rig", "-addext", `subjectAltName=${altNames}`],
    ...["-keyout", keyFile, "-out", caFile],
  ]);
  const requests: HttpsRig["requests"] = [];
  const server = createServer(
    { key: await readFile(keyFile), cert: await readFile(caFile) },
    (request, response) => {
      const { method = "", url = "", headers } = request;
      requests.push({ method, url, authorization: headers.authorization });
      handler(request, response);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    port,
    caFile,
    keyFile,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(dir, { recursive: true, force: true });
    },
  };
}
