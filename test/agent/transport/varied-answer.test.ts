import { expect, test } from "vitest";
import { parseAnswer } from "../../../agent/transport/ask-ssh.ts";
import { VariedAnswer, variedFrom } from "../../../agent/transport/varied-answer.ts";

const BASE = parseAnswer(
  "host nobody\nhostname nobody\nport 22\nuser root\nidentityfile /a\nidentityfile /b\nbatchmode no\n",
);

function answerOf(changes: Readonly<Record<string, string[] | undefined>>) {
  const answer = new Map([...BASE].map(([keyword, values]) => [keyword, values] as const));
  for (const [keyword, values] of Object.entries(changes)) {
    if (values === undefined) answer.delete(keyword);
    else answer.set(keyword, values);
  }
  return answer;
}

test.each([
  ["the same", {}],
  ["another value", { port: ["2222"] }],
  ["fewer values of one", { identityfile: ["/a"] }],
  ["one that the other has not", { proxyjump: ["gate"], user: ["core"] }],
  ["without one that the other has", { batchmode: undefined, host: ["web"] }],
])("an answer is kept by what differs: %s", (_, changes) => {
  const answer = answerOf(changes);
  const varied = variedFrom(BASE, answer);
  expect(varied).toBeInstanceOf(VariedAnswer);
  for (const keyword of new Set([...BASE, ...answer].map(([name]) => name))) {
    expect(varied.get(keyword), keyword).toEqual(answer.get(keyword));
  }
  expect(varied.size).toBe(answer.size);
  expect(new Map(varied)).toEqual(answer);
});

test("one that has little in common with the other is kept whole", () => {
  const answer = parseAnswer("host web\nhostname web\nport 1\nuser core\n");
  expect(variedFrom(BASE, answer)).toBe(answer);
});
