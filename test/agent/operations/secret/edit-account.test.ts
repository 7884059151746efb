import { expect, test } from "vitest";
import type { ApiAnswer, Gateway } from "../../../../agent/cluster/gateway.ts";
import {
  namesSecret,
  type ServiceAccount,
  withSecret,
} from "../../../../agent/cluster/service-accounts.ts";
import { editAccount } from "../../../../agent/operations/secret/edit-account.ts";
import { NEVER } from "../../../rig/transport.ts";

/** One ServiceAccount that others write between our read and our write, so often as is said: no real writer can be timed so. */
function contested(times: number) {
  let stored: ServiceAccount = {
    metadata: { name: "default", namespace: "a", resourceVersion: "0" },
  };
  let left = times;
  const write = (next: ServiceAccount) => {
    const resourceVersion = String(Number(stored.metadata.resourceVersion) + 1);
    stored = { ...next, metadata: { ...next.metadata, resourceVersion } };
  };
  const request = async (method: string, _path: string, body?: unknown): Promise<ApiAnswer> => {
    if (method === "GET") return { status: 200, body: stored };
    if (left > 0) {
      left -= 1;
      write(withSecret(stored, `other-${left}`));
    }
    const sent = body as ServiceAccount;
    if (sent.metadata.resourceVersion !== stored.metadata.resourceVersion) {
      return { status: 409, body: { message: "the object has been modified" } };
    }
    write(sent);
    return { status: 200, body: stored };
  };
  return { gateway: { request } as Gateway, stored: () => stored };
}

const edit = {
  change: (one: ServiceAccount) => (namesSecret(one, "own") ? "unchanged" : withSecret(one, "own")),
  done: "added",
  dryRun: false,
  signal: NEVER,
} as const;

test("what others write meanwhile stays", async () => {
  const { gateway, stored } = contested(5);
  const account = stored();
  const item = await editAccount(gateway, { namespace: "a", name: "default", account }, edit);
  expect(item).toEqual({ name: "default", result: "added" });
  const names = stored().imagePullSecrets?.map(({ name }) => name);
  expect(names).toEqual(["other-4", "other-3", "other-2", "other-1", "other-0", "own"]);
});

test("one that never rests is named, not overwritten", async () => {
  const { gateway, stored } = contested(Number.POSITIVE_INFINITY);
  const account = stored();
  const item = await editAccount(gateway, { namespace: "a", name: "default", account }, edit);
  expect(item).toMatchObject({ result: "failed", code: "PC170" });
  expect(namesSecret(stored(), "own")).toBe(false);
});

test("one that isn't there is missing", async () => {
  const { gateway } = contested(0);
  const item = await editAccount(gateway, { namespace: "a", name: "none" }, edit);
  expect(item).toMatchObject({ result: "missing", code: "PC169" });
});
