import ssh2 from "ssh2";
import { expect, test } from "vitest";
import { newSshKey } from "../rig/new-ssh-key.ts";

test("each of 2,000 fresh keys can be read, of which ssh2 alone makes about ten that can't", () => {
  const unreadable = Array.from({ length: 2000 }, () => newSshKey("ed25519").private).filter(
    (key) => ssh2.utils.parseKey(key) instanceof Error,
  );
  expect(unreadable).toEqual([]);
});
