import { expect, test } from "vitest";
import {
  type Asked,
  refusalOf,
  sendPatiently,
} from "../../../../agent/operations/secret/refusal.ts";
import { NEVER } from "../../../rig/transport.ts";

const asked: Asked = { verb: "patch", kind: "secret", namespace: "team", name: "pullcast" };
const status = (code: number, message: string, causes: readonly string[] = []) => ({
  status: code,
  body: { message, details: { causes: causes.map((reason) => ({ reason })) } },
});

// As kube-apiserver 1.35 words them; webhooks, policies and quotas can't all be had in one test cluster.
test.each([
  [
    "PC130",
    status(
      403,
      'secrets "pullcast" is forbidden: User "nobody" cannot patch resource "secrets" in API group "" in the namespace "team"',
    ),
  ],
  ["PC161", status(404, 'namespaces "team" not found')],
  [
    "PC162",
    status(
      403,
      'secrets "pullcast" is forbidden: unable to create new content in namespace team because it is being terminated',
      ["NamespaceTerminating"],
    ),
  ],
  [
    "PC163",
    status(
      409,
      'Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .data..dockerconfigjson',
      ["FieldManagerConflict"],
    ),
  ],
  [
    "PC164",
    status(
      422,
      'Secret "pullcast" is invalid: type: Invalid value: "kubernetes.io/dockerconfigjson": field is immutable',
    ),
  ],
  [
    "PC165",
    status(
      422,
      'Secret "pullcast" is invalid: data: Forbidden: field is immutable when `immutable` is set',
    ),
  ],
  [
    "PC166",
    status(
      403,
      'secrets "pullcast" is forbidden: exceeded quota: none, requested: count/secrets=1, used: count/secrets=0, limited: count/secrets=0',
    ),
  ],
  [
    "PC167",
    status(403, 'admission webhook "deny.example.com" denied the request: no secrets here'),
  ],
  [
    "PC167",
    status(
      500,
      'Internal error occurred: failed calling webhook "deny.example.com": context deadline exceeded',
    ),
  ],
  [
    "PC167",
    status(
      422,
      "secrets \"pullcast\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
    ),
  ],
  [
    "PC168",
    status(422, 'Secret "pullcast" is invalid: data: Too long: may not be more than 1048576 bytes'),
  ],
  [
    "PC170",
    status(
      409,
      'Operation cannot be fulfilled on serviceaccounts "default": the object has been modified',
    ),
  ],
  ["PC171", status(400, "whatever")],
  ["PC103", status(503, "the server is currently unable to handle the request")],
  ["PC104", status(401, "Unauthorized")],
])("%s: %j", (code, answer) => {
  const { message, fix } = refusalOf(answer, asked);
  expect(refusalOf(answer, asked).code).toBe(code);
  expect(message + fix).not.toMatch(/undefined|is forbidden: |is invalid: /);
});

test("a webhook that repeats what it was sent repeats it to nobody", () => {
  const value = '{"auths":{"a.io":{"auth":"dTpwYXNz"}}}';
  const sent = Buffer.from(value).toString("base64");
  const said = status(403, `admission webhook "w" denied the request: ${sent}`);
  const { message } = refusalOf(said, { ...asked, secrets: [value] });
  expect(message).not.toContain(sent);
});

test("what passes by itself is asked again, a webhook's failure is not", async () => {
  const answers = [status(429, "too many"), status(503, "starting"), status(200, "")];
  const passing = await sendPatiently(async () => answers.shift() ?? status(500, ""), NEVER);
  expect([passing.status, answers.length]).toEqual([200, 0]);
  let tries = 0;
  const hopeless = await sendPatiently(async () => {
    tries += 1;
    return status(500, 'failed calling webhook "w"');
  }, NEVER);
  expect([hopeless.status, tries]).toEqual([500, 1]);
});
