import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash, sign, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type HttpsRig, httpsRig } from "../agent/registry/https-rig.ts";
import { findProgram } from "../bed/host-tools.ts";
import { pushImage } from "../bed/push-image.ts";
import { cacheRoot, withLock } from "../bed/state.ts";
import { freePort } from "./sshd.ts";

/** Users of the registry: password, and actions by repository. */
export type TokenUsers = Readonly<
  Record<
    string,
    { readonly password: string; readonly may: Readonly<Record<string, readonly string[]>> }
  >
>;

/** A real registry (Debian's docker-registry, distribution 2.8) that takes only tokens of a scripted service. */
export interface TokenRegistry {
  /** `127.0.0.1:PORT` of the registry; it holds `team/app:1`. */
  readonly host: string;
  /** The scripted token service; its tokens are real: signed, and checked by the registry. */
  readonly tokens: HttpsRig;
  /** PEM file that vouches for both. */
  readonly caFile: string;
  close(): Promise<void>;
}

const SERVICE = "rig-registry";
const ISSUER = "scripted-token-service";

export async function startTokenRegistry(users: TokenUsers): Promise<TokenRegistry> {
  const program = await dockerRegistry();
  const dir = await mkdtemp(join(tmpdir(), "pullcast-registry-"));
  const rig: { signer?: Signer } = {};
  const tokens = await httpsRig((request, response) => {
    const answer =
      rig.signer === undefined
        ? undefined
        : issue(users, request.headers.authorization, {
            url: request.url ?? "",
            signer: rig.signer,
          });
    const body = answer ?? { details: "incorrect username or password" };
    response.writeHead(answer === undefined ? 401 : 200).end(JSON.stringify(body));
  });
  const { caFile, keyFile } = tokens;
  rig.signer = {
    key: await readFile(keyFile, "utf8"),
    certificate: await readFile(caFile, "utf8"),
  };
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const serve = (auth: string) => launch({ program, dir, auth, port, tls: { keyFile, caFile } });
  // Filled before it asks for tokens: the image comes in without one.
  const open = await serve("");
  const ca = rig.signer.certificate;
  await pushImage(
    { host, ca },
    { name: "team/app:1", files: [{ path: "a", data: Buffer.from("a") }] },
  );
  await end(open);
  const realm = `https://${tokens.host}/token`;
  const child = await serve(
    `auth: {token: {realm: "${realm}", service: ${SERVICE}, issuer: ${ISSUER}, rootcertbundle: ${caFile}}}`,
  );
  return {
    host,
    tokens,
    caFile,
    async close() {
      await end(child);
      await tokens.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

interface Launch {
  readonly program: string;
  readonly dir: string;
  readonly auth: string;
  readonly port: number;
  readonly tls: { readonly keyFile: string; readonly caFile: string };
}

async function launch({ program, dir, auth, port, tls }: Launch): Promise<ChildProcess> {
  const file = join(dir, "config.yml");
  const lines = [
    "version: 0.1",
    "log: {level: info}",
    `storage: {filesystem: {rootdirectory: ${join(dir, "data")}}}`,
    `http: {addr: "127.0.0.1:${port}", secret: rig, tls: {certificate: ${tls.caFile}, key: ${tls.keyFile}}}`,
    auth,
  ];
  await writeFile(file, `${lines.join("\n")}\n`);
  const child = spawn(program, ["serve", file], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      if (log.includes("listening on")) resolve();
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`docker-registry did not start: ${log}`)));
  });
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

interface Signer {
  /** PEM. */
  readonly key: string;
  readonly certificate: string;
}

/** What the service answers, as distribution's token specification has it; `undefined` for a wrong login. */
function issue(
  users: TokenUsers,
  authorization: string | undefined,
  { url, signer }: { readonly url: string; readonly signer: Signer },
): object | undefined {
  const base64 = /^Basic (.+)$/.exec(authorization ?? "")?.[1] ?? "";
  const [name = "", password] = Buffer.from(base64, "base64").toString().split(":");
  const user = Object.hasOwn(users, name) ? users[name] : undefined;
  if (user === undefined || user.password !== password) return undefined;
  const scope = new URL(url, "https://tokens").searchParams.get("scope") ?? "";
  const [, repository = "", asked = ""] = /^repository:(.+):(.+)$/.exec(scope) ?? [];
  const granted = asked.split(",").filter((action) => user.may[repository]?.includes(action));
  const access =
    repository === "" ? [] : [{ type: "repository", name: repository, actions: granted }];
  return { token: signToken(signer, { sub: name, access }), expires_in: 300 };
}

function signToken({ key, certificate }: Signer, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const x5c = [new X509Certificate(certificate).raw.toString("base64")];
  const jti = createHash("sha256").update(JSON.stringify(claims)).digest("hex");
  const body = `${part({ typ: "JWT", alg: "ES256", x5c })}.${part({
    ...{ iss: ISSUER, aud: SERVICE, nbf: now - 10, iat: now, exp: now + 300, jti },
    ...claims,
  })}`;
  const signature = sign("sha256", Buffer.from(body), { key, dsaEncoding: "ieee-p1363" });
  return `${body}.${signature.toString("base64url")}`;
}

/** Debian's program; unpacked into the cache where it isn't installed, since the package would start a service. */
async function dockerRegistry(): Promise<string> {
  const installed = await findProgram("docker-registry");
  if (installed !== undefined) return installed;
  const dir = join(cacheRoot(), "docker-registry");
  await withLock("docker-registry", async () => {
    if ((await findProgram("docker-registry", join(dir, "usr/bin"))) !== undefined) return;
    await mkdir(dir, { recursive: true });
    const shell = promisify(execFile);
    await shell("apt-get", ["-qq", "update"]);
    await shell("apt-get", ["-qq", "download", "docker-registry"], { cwd: dir });
    await shell("sh", ["-c", "dpkg-deb -x docker-registry_*.deb . && rm docker-registry_*.deb"], {
      cwd: dir,
    });
  });
  return join(dir, "usr/bin/docker-registry");
}
