import { connectProxy } from "./connect-proxy.ts";
import { httpsRig } from "./https-rig.ts";

/** The name that the scripted registry answers to. */
export const AZURE_NAME = "scripted.azurecr.io";

export interface ScriptedAzure {
  readonly caFile: string;
  /** A proxy that leads to it, for HTTPS_PROXY. */
  readonly proxyUrl: string;
  /** Paths asked for so far. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** A scripted registry of Azure's, no real one, whose token service answers each token with `status`. */
export async function startScriptedAzure(status: number): Promise<ScriptedAzure> {
  const asked: string[] = [];
  const rig = await httpsRig(
    (request, response) => {
      asked.push(request.url ?? "");
      if (request.url !== "/v2/") return response.writeHead(status).end('{"access_token":"a.b.c"}');
      const challenge = `Bearer realm="https://${AZURE_NAME}/oauth2/token",service="${AZURE_NAME}"`;
      return response.writeHead(401, { "WWW-Authenticate": challenge }).end();
    },
    { names: [AZURE_NAME] },
  );
  const proxy = await connectProxy({ routes: { [`${AZURE_NAME}:443`]: rig.port } });
  return {
    caFile: rig.caFile,
    proxyUrl: proxy.url,
    asked,
    close: async () => void (await Promise.all([rig.close(), proxy.close()])),
  };
}

/** A docker config.json as `az acr login` leaves it. */
export function azureConfig(identityToken: string): string {
  const auth = Buffer.from("00000000-0000-0000-0000-000000000000:").toString("base64");
  return JSON.stringify({ auths: { [AZURE_NAME]: { auth, identitytoken: identityToken } } });
}
