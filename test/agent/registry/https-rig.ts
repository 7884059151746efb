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
  /** Requests so far: method, URL and the Authorization header. */
  readonly requests: { url: string; authorization: string | undefined }[];
  close(): Promise<void>;
}

/** Starts a server; needs openssl on PATH. */
export async function httpsRig(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<HttpsRig> {
  const dir = await mkdtemp(join(tmpdir(), "pullcast-https-"));
  const [keyFile, caFile] = [join(dir, "key.pem"), join(dir, "cert.pem")];
  await promisify(execFile)("openssl", [
    ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2".split(" "),
    ...["-subj", "/CN=rig", "-addext", "subjectAltName=IP:127.0.0.1"],
    ...["-keyout", keyFile, "-out", caFile],
  ]);
  const requests: HttpsRig["requests"] = [];
  const server = createServer(
    { key: await readFile(keyFile), cert: await readFile(caFile) },
    (request, response) => {
      requests.push({ url: request.url ?? "", authorization: request.headers.authorization });
      handler(request, response);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    caFile,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(dir, { recursive: true, force: true });
    },
  };
}
