import { expect, test } from "vitest";
import { findProviders } from "../../../../agent/operations/explain/from-providers.ts";
import { Secret } from "../../../../agent/secret.ts";

const STARTED = 50_000;
const CONFIG = `
apiVersion: kubelet.config.k8s.io/v1
kind: CredentialProviderConfig
providers:
  - name: ecr
    apiVersion: credentialprovider.kubelet.k8s.io/v1
    matchImages: ["reg.io"]
    defaultCacheDuration: "0s"
`;

/** The codes told of a configuration that changed `after` seconds past the kubelet's start. */
async function codesOf(after: number): Promise<string[]> {
  const found = {
    type: "file",
    ...{ mode: 0o600, uid: 0, gid: 0, sizeBytes: 10, modifiedAt: 0 },
    changedAt: STARTED + after,
    content: new Secret<Uint8Array>(Buffer.from(CONFIG)),
  } as const;
  const { problems } = await findProviders(
    {
      ...{ rootDir: "/a", rootProof: "proven", now: STARTED + 100, cwd: "/", home: "/", flags: {} },
      kubelet: { pid: 7, startedAt: STARTED, name: "kubelet", unit: "k.service" },
      files: [{ kind: "provider", path: "/p.yaml", folderChangedAt: 0, dangling: false, found }],
      providers: { config: "/p.yaml", dir: "/bin", dirPresent: true, programs: ["ecr"] },
      ...{ runtime: [], images: [], log: [] },
    },
    { image: "reg.io/app", repository: "reg.io/app" },
    [],
  );
  return problems.map(({ code }) => code);
}

test.each([
  [-1, []],
  [1, []],
  [2, ["PC514"]],
])("a configuration that changed %i s after the kubelet began: %j", async (after, expected) => {
  expect(await codesOf(after)).toEqual(expected);
});
