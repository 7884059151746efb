import { join } from "node:path";
import { findProgram } from "./host-tools.ts";
import { BedError, type Progress } from "./model.ts";
import { run, withHeartbeat } from "./progress.ts";
import { cacheRoot, withLock } from "./state.ts";

/** Its newest 3.x line. */
export const HELM_VERSION = "v3.22.0";

/** Gives the path of helm, building it from its Go module if this machine has none of this version. */
export async function ensureHelm(report: Progress): Promise<string> {
  const dir = join(cacheRoot(), `helm-${HELM_VERSION}`);
  await withLock("helm", async () => {
    if ((await findProgram("helm", dir)) !== undefined) return;
    if ((await findProgram("go")) === undefined) {
      throw new BedError("go not found: install Go 1.25 or newer (https://go.dev/dl)");
    }
    const what = `building helm ${HELM_VERSION} from its Go module (once; about 5 minutes on 2 cores)`;
    const from = `helm.sh/helm/v3/cmd/helm@${HELM_VERSION}`;
    await withHeartbeat(what, report, () =>
      run(["go", "install", "-trimpath", "-ldflags", "-s -w", from], {
        env: { CGO_ENABLED: "0", GOBIN: dir, GOFLAGS: "" },
      }),
    );
  });
  return join(dir, "helm");
}
