import { CloudFailure } from "./ask.ts";
import { cloudOf } from "./clouds.ts";
import type { Cloud, CloudAnswer, CloudQuestion } from "./model.ts";

type Exchange = (question: CloudQuestion) => Promise<CloudAnswer>;

/** Loaded where they are used: most runs ask no cloud. */
const EXCHANGES: Readonly<Record<Cloud, () => Promise<Exchange>>> = {
  aws: async () => (await import("./aws.ts")).awsLogin,
  google: async () => (await import("./google.ts")).googleLogin,
  azure: async () => (await import("./azure.ts")).azureLogin,
};

const TIMEOUT_MS = 15_000;

/**
 * A login for a cloud's registry by the identity of this machine or pod.
 *
 * @returns a value for whatever the cloud or the network does
 * @throws the signal's reason after an abort
 */
export async function cloudLogin(question: CloudQuestion): Promise<CloudAnswer> {
  const cloud = cloudOf(question.registry);
  if (cloud === undefined) return { type: "no-identity", words: "it is no cloud's registry" };
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const signal = AbortSignal.any([question.signal, timeout]);
  try {
    return await (await EXCHANGES[cloud]())({ ...question, signal });
  } catch (error) {
    question.signal.throwIfAborted();
    if (timeout.aborted) return { type: "unreachable", words: "it did not answer in time" };
    if (error instanceof CloudFailure) return error.answer;
    throw error;
  }
}
