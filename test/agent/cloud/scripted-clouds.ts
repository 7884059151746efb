import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Reach } from "../../../agent/registry/https-request.ts";
import { readCa } from "../../../agent/registry/reach.ts";
import { connectProxy } from "../registry/connect-proxy.ts";
import { httpsRig } from "../registry/https-rig.ts";

/** One request as a scripted server got it. */
export interface CloudRequest {
  /** `METHOD HOST/PATH`. */
  readonly line: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** An answer: status and body, and headers besides. */
export type CloudReply = readonly [
  status: number,
  body: string,
  headers?: Readonly<Record<string, string>>,
];

export type CloudScript = (request: CloudRequest) => CloudReply;

/** Scripted token services of the clouds, no real ones: shapes as in the clouds' references. */
export interface ScriptedClouds {
  /** Leads each of the names to them. */
  readonly reach: Reach;
  readonly caFile: string;
  readonly proxyUrl: string;
  /** `127.0.0.1:PORT` of what speaks plain HTTP beside a machine: the metadata service. */
  readonly beside: string;
  readonly requests: readonly CloudRequest[];
  close(): Promise<void>;
}

/** Starts them: `script` answers by HTTPS under `names`, and by plain HTTP as the metadata service. */
export async function scriptedClouds(
  names: readonly string[],
  script: CloudScript,
): Promise<ScriptedClouds> {
  const requests: CloudRequest[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url = "", headers } = request;
    const host = headers.host?.startsWith("127.0.0.1:") ? "beside" : headers.host;
    const asked = {
      line: `${method} ${host}${url}`,
      headers,
      body: Buffer.concat(chunks).toString(),
    };
    requests.push(asked);
    const [status, body, more = {}] = script(asked);
    response.writeHead(status, more).end(body);
  };
  const rig = await httpsRig((request, response) => void handle(request, response), { names });
  const plain = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
  const routes = Object.fromEntries(names.map((name) => [`${name}:443`, rig.port]));
  const proxy = await connectProxy({ routes });
  return {
    reach: { ca: (await readCa(rig.caFile)) ?? "", proxy: { httpsProxy: proxy.url } },
    caFile: rig.caFile,
    proxyUrl: proxy.url,
    beside: `127.0.0.1:${(plain.address() as AddressInfo).port}`,
    requests,
    async close() {
      plain.closeAllConnections();
      await Promise.all([
        rig.close(),
        proxy.close(),
        new Promise((resolve) => plain.close(resolve)),
      ]);
    },
  };
}

/**
 * Whether a request is signed with a key, computed anew here (AWS Signature Version 4, "Create a signed AWS API
 * request").
 */
export function isSignedBy(
  { line, headers, body }: CloudRequest,
  { secret, region, service }: Readonly<Record<"secret" | "region" | "service", string>>,
): boolean {
  const [, day = "", names = "", signature = ""] =
    /Credential=[^/]+\/(\d{8})\/[^,]+, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      String(headers["authorization"]),
    ) ?? [];
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
  const hmac = (key: string | Buffer, text: string) =>
    createHmac("sha256", key).update(text).digest();
  const [method = "", target = ""] = line.split(" ");
  const canonical = [
    ...[method, target.slice(target.indexOf("/")), ""],
    ...names.split(";").map((name) => `${name}:${String(headers[name])}`),
    ...["", names, sha256(body)],
  ].join("\n");
  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", String(headers["x-amz-date"]), scope, sha256(canonical)];
  const key = [region, service, "aws4_request"].reduce(hmac, hmac(`AWS4${secret}`, day));
  return hmac(key, text.join("\n")).toString("hex") === signature;
}
