import { expect, test } from "vitest";
import type { NodeSurvey, SurveyLogLine } from "../../../../agent/node/read-survey.ts";
import {
  lastReading,
  otherWords,
  providerFailures,
  tellsReadings,
} from "../../../../agent/operations/explain/kubelet-log.ts";
import { Secret } from "../../../../agent/secret.ts";

const survey = (more: Partial<NodeSurvey>) =>
  ({
    now: 10_000,
    kubelet: { pid: 7, startedAt: 1000, name: "kubelet" },
    flags: { v: "2" },
    log: [],
    ...more,
  }) as NodeSurvey;
const READ = "I provider.go:82] Refreshing cache for provider: *credentialprovider.default";
const line = (text: string, more: Partial<SurveyLogLine> = {}) => ({
  at: 1,
  pid: 7,
  text,
  ...more,
});
const words = (log: readonly SurveyLogLine[], ...secrets: string[]) =>
  otherWords(
    survey({ log }),
    secrets.map((secret) => new Secret(secret)),
  ).map(({ text }) => text);

test("the last reading is the kubelet's own", () => {
  const log = [line(READ, { at: 5 }), line(READ, { at: 6, pid: 8 }), line("other", { at: 7 })];
  expect(lastReading(survey({ log }))).toBe(5);
  expect(lastReading(survey({ log: [] }))).toBeUndefined();
});

test.each<[string, boolean, Partial<NodeSurvey>]>([
  ["it goes back to the kubelet's start", true, { journalFrom: 1001 }],
  ["it goes back five minutes", true, { journalFrom: 9700 }],
  ["it goes back a minute only", false, { journalFrom: 9940 }],
  ["there is none", false, {}],
  ["the kubelet is not that talkative", false, { journalFrom: 1001, flags: { v: "1" } }],
  ["nothing tells how talkative it is", false, { journalFrom: 1001, flags: {} }],
])("silence in the log where %s means something: %s", (_title, tells, more) => {
  expect(tellsReadings(survey(more))).toBe(tells);
});

test("a provider's failure is found in a block of lines and in one line, the last one of each", () => {
  const block = [
    line('E plugin.go:407] "Failed to provide credentials for image" err=<', { at: 20 }),
    line(
      "\tfailed to get credential from external registry credential provider: error execing credential provider plugin ecr for image reg.io/app: exit status 1: no",
    ),
    line("\tluck"),
    line(' > provider="ecr" image="reg.io/app"', { at: 20 }),
  ];
  const single = line(
    'E plugin.go:407] "Failed to provide credentials for image" err="x: \\"y\\"" provider="gcr" image="i"',
    { at: 30 },
  );
  const found = otherWords(survey({ log: [single, ...block] }), []);
  expect(providerFailures(found)).toEqual([
    { provider: "gcr", at: 30, words: 'x: "y"' },
    { provider: "ecr", at: 20, words: "exit status 1: no luck" },
  ]);
});

test("other blocks, and words about other things, are left out", () => {
  const log = [line('E "Unrelated" err=<'), line("\tx"), line(" > a=b"), line("PullImage failed")];
  expect(words(log)).toEqual(["PullImage failed"]);
});

test("a line that holds a secret is withheld, what looks like a token is masked", () => {
  const jwt = `eyJ${"a".repeat(20)}.${"b".repeat(20)}.${"c".repeat(20)}`;
  const log = [
    line("PullImage with canary-1 in it"),
    line(`PullImage ${jwt}`),
    line('PullImage password="hunter2hunter2" Authorization: Bearer abcdefghijkl'),
    line(`PullImage ${Buffer.from("canary-1").toString("base64")}`),
  ];
  const text = words(log, "canary-1").join("\n");
  for (const secret of ["canary-1", jwt, "hunter2", "abcdefghijkl", "Y2FuYXJ5LTE"]) {
    expect(text).not.toContain(secret);
  }
});
