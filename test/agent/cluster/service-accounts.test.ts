import { expect, test } from "vitest";
import {
  namesSecret,
  type ServiceAccount,
  wasAdded,
  withoutSecret,
  withSecret,
} from "../../../agent/cluster/service-accounts.ts";

const metadata = { name: "default", namespace: "a", resourceVersion: "7" };
const plain: ServiceAccount = { metadata };
const filled: ServiceAccount = {
  metadata: { ...metadata, annotations: { "example.com/x": "y" } },
  imagePullSecrets: [{ name: "one" }, { name: "two" }],
};

test.each([
  ["an empty one", plain],
  ["one with others' secrets and annotations", filled],
])("%s is as it was after its secret has come and gone", (_what, account) => {
  const added = withSecret(account, "own");
  expect(added.imagePullSecrets?.at(-1)).toEqual({ name: "own" });
  expect([namesSecret(added, "own"), wasAdded(added, "own")]).toEqual([true, true]);
  expect(withoutSecret(added, "own")).toEqual(account);
});

test("two secrets of two instances go one by one, in any order", () => {
  const both = withSecret(withSecret(filled, "a"), "b");
  const first = withoutSecret(both, "a");
  expect([wasAdded(first, "a"), wasAdded(first, "b")]).toEqual([false, true]);
  expect(withoutSecret(first, "b")).toEqual(filled);
});

test("a name that somebody else put there is not taken for ours", () => {
  expect([namesSecret(filled, "one"), wasAdded(filled, "one")]).toEqual([true, false]);
});

test("fields that pullcast doesn't know go back as they came", () => {
  const odd = { ...plain, secrets: [{ name: "token" }], automountServiceAccountToken: false };
  expect(withSecret(odd, "own")).toMatchObject({
    secrets: [{ name: "token" }],
    automountServiceAccountToken: false,
  });
});
