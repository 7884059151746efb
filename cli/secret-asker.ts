import pLimit from "p-limit";
import type { Host } from "./host.ts";

type AskSecret = NonNullable<Host["askSecret"]>;

/**
 * Asks for the secrets of a run: each question once, however many nodes ask it, and one at a time.
 *
 * @param pause - holds all other output of the terminal back until the function it returns is called
 */
export function secretAsker(ask: AskSecret, pause: () => () => void): AskSecret {
  const answers = new Map<string, ReturnType<AskSecret>>();
  const oneAtATime = pLimit(1);
  const askNow: AskSecret = async (question, signal) => {
    const resume = pause();
    try {
      return await ask(question, signal);
    } finally {
      resume();
    }
  };
  return (question, signal) => {
    const asked = answers.get(question);
    if (asked !== undefined) return asked;
    const answer = oneAtATime(() => askNow(question, signal));
    answers.set(question, answer);
    return answer;
  };
}
