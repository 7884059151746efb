import { expect, test } from "vitest";
import { kubeletLookup } from "../../../agent/index.ts";
import { compare } from "../../differential/compare.ts";
import { isSameAnswer, questionOf, readGolden } from "../../differential/golden.ts";

const golden = await readGolden();

test.each(golden)("$name: as the packages of Kubernetes 1.35 answered", (one) => {
  expect(compare(questionOf(one), one.kubelet["1.35"], "1.35")).toEqual([]);
});

test("all of them as the packages of Kubernetes 1.30 answered", () => {
  const differences = golden.flatMap((one) =>
    compare(questionOf(one), one.kubelet["1.30"], "1.30").map(() => one.name),
  );
  expect(differences).toEqual([]);
});

test("between 1.30 and 1.35 brackets in a host and the length of a name have changed", () => {
  const changed = golden.filter(
    ({ name, kubelet }) =>
      !name.startsWith("generated") && !isSameAnswer(kubelet["1.30"], kubelet["1.35"]),
  );
  expect(changed.map(({ name }) => name)).toMatchInlineSnapshot(`
    [
      "key: brackets in the middle",
      "key: brackets with a letter beyond ASCII",
      "key: brackets with an escape beyond ASCII",
      "key: brackets with a star",
      "key: IPv6 with a glob",
      "key: IPv4 in brackets",
      "key: brackets with no address",
      "image: a path of 244, 256 with its registry",
      "image: a path of 255",
      "image: a registry of 300",
      "image: a path of Docker Hub of 255, library said by nobody",
      "lint: PC654 brackets",
    ]
  `);
});

test("the library's entry says the same as the packages", () => {
  const plain = (list: readonly { username: string; password: string }[]) =>
    list.map(({ username, password }) => `${username}\n${password}`).sort();
  for (const one of golden) {
    const { file, format, images } = questionOf(one);
    const { valid, creds } = one.kubelet["1.35"];
    for (const [index, image] of images.entries()) {
      const found = kubeletLookup(file, image, { format });
      expect(found.valid).toBe(valid);
      expect(plain(found.creds)).toEqual(plain(creds?.[index] ?? []));
    }
  }
});
