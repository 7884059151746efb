import { cleanText } from "../util/clean-text.ts";
import { parseJson } from "../util/parse-json.ts";
import { withholdSecrets } from "../util/withhold.ts";
import type { HttpsAnswer } from "./https-request.ts";

const MAX_WORDS = 300;

/**
 * What a registry or its token service says about a refusal, for people: the messages of the distribution
 * specification's `errors`, Docker Hub's `details`, OAuth's `error_description`, else the HTTP status.
 *
 * @param secrets - what was sent: words that hold any of it are left out
 */
export function answerWords({ status, body }: HttpsAnswer, secrets: readonly string[]): string {
  const said = withholdSecrets(messagesIn(body).join("; "), secrets);
  const words = cleanText(said, MAX_WORDS);
  return words === "" ? `HTTP ${status}` : `HTTP ${status}: ${words}`;
}

/** An error of the network or of TLS, for people. */
export function errorWords(error: unknown): string {
  return cleanText(error instanceof Error ? networkWords(error) : String(error), 200);
}

/** Node says nothing where a host has several addresses and none answers, and too much where TLS is not spoken. */
function networkWords(error: Error): string {
  if ("code" in error && error.code === "EPROTO")
    return "it does not speak TLS: plain HTTP is not used";
  if ("syscall" in error && error.syscall === "getaddrinfo") {
    return `the name ${"hostname" in error ? String(error.hostname) : ""} can't be resolved here`;
  }
  if (error.message !== "" || !(error instanceof AggregateError)) return error.message;
  const [first] = error.errors as readonly unknown[];
  return first instanceof Error ? first.message : "it can't be reached";
}

function messagesIn(body: string): string[] {
  const parsed = parseJson(body);
  if (typeof parsed !== "object" || parsed === null) return [];
  const { errors, details, error_description, error, message } = parsed as Record<string, unknown>;
  const listed = Array.isArray(errors) ? errors.slice(0, 5).map(messageOf) : [];
  const texts = [...listed, details, error_description, error, message];
  return [...new Set(texts.filter((text): text is string => typeof text === "string"))].slice(0, 5);
}

function messageOf(error: unknown): unknown {
  const { message, code } = (error ?? {}) as { message?: unknown; code?: unknown };
  return message ?? code;
}
