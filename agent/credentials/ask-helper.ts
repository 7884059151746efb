import { PullcastError } from "../errors.ts";
import { Secret } from "../secret.ts";
import { parseJson } from "../util/parse-json.ts";
import { isObject, own } from "./json-object.ts";
import { makeLogin } from "./judge-entry.ts";
import { registryOf, shownKey } from "./keys.ts";
import type { EntryContent } from "./model.ts";
import { type HelperContext, runHelper } from "./run-helper.ts";

/** The user name that tells an identity token from a password (docker: cli/config/credentials, native_store). */
const TOKEN_USER = "<token>";

/**
 * Asks a helper for one key's credentials.
 *
 * @returns `undefined` where it has none
 * @throws {PullcastError} PC620 to PC624
 */
export async function askHelper(
  name: string,
  key: string,
  context: HelperContext,
): Promise<Exclude<EntryContent, { type: "helper" }> | undefined> {
  const bytes = await runHelper({ name, action: "get", input: key }, context);
  if (bytes === undefined) return undefined;
  const { ServerURL, Username, Secret: password } = parseAnswer(name, bytes);
  // What a helper says is for another registry must not be offered to this one.
  if (ServerURL !== "" && registryOf(ServerURL) !== registryOf(key)) {
    const other = shownKey(ServerURL);
    throw new PullcastError("PC623", {
      detail: `docker-credential-${name} was asked for ${shownKey(key)} and answered for ${other}`,
    });
  }
  if (password === "") return undefined;
  if (Username === TOKEN_USER) return { type: "identity-token", token: new Secret(password) };
  return makeLogin(Username, password);
}

/**
 * The keys that a helper has credentials for.
 *
 * @throws {PullcastError} PC620 to PC624
 */
export async function listHelper(name: string, context: HelperContext): Promise<string[]> {
  const bytes = await runHelper({ name, action: "list", input: "" }, context);
  return bytes === undefined ? [] : Object.keys(parseObject(name, bytes));
}

interface Answer {
  readonly ServerURL: string;
  readonly Username: string;
  readonly Secret: string;
}

function parseAnswer(name: string, bytes: Buffer): Answer {
  const object = parseObject(name, bytes);
  const text = (field: keyof Answer) => {
    const value = own(object, field) ?? "";
    if (typeof value === "string") return value;
    throw unusableAnswer(name, `its ${field} is not text`);
  };
  return { ServerURL: text("ServerURL"), Username: text("Username"), Secret: text("Secret") };
}

/** Nothing of the answer is shown: it may hold the secret. */
function parseObject(name: string, bytes: Buffer) {
  const value = parseJson(bytes.toString());
  if (value === undefined) throw unusableAnswer(name, "it is not JSON");
  if (isObject(value)) return value;
  throw unusableAnswer(name, "it is not a JSON object");
}

function unusableAnswer(name: string, why: string): PullcastError {
  return new PullcastError("PC623", { detail: `docker-credential-${name}: ${why}` });
}
