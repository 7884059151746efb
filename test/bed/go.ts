import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram } from "./host-tools.ts";
import { BedError } from "./model.ts";
import { run } from "./progress.ts";

/** The bed's Go module. */
export const GO_SOURCE = fileURLToPath(new URL("./kube/", import.meta.url));

/** What `go build` is told. */
export interface GoBuild {
  /** A package of the module: `./kubelet`. */
  readonly from: string;
  /** The program's path; it appears whole or not at all. */
  readonly target: string;
  readonly flags?: readonly string[];
  readonly linkerFlags?: string;
  /** A release of Go to build with (`go1.23.10`), fetched as a module. @default the installed one */
  readonly toolchain?: string;
}

/** Builds a static program of the bed's Go module. */
export async function goBuild(build: GoBuild): Promise<void> {
  if ((await findProgram("go")) === undefined) {
    throw new BedError(
      "go not found: install Go 1.25 or newer (https://go.dev/dl) and put it on PATH",
    );
  }
  await mkdir(join(build.target, ".."), { recursive: true });
  const fresh = `${build.target}.new`;
  const linker = `-s -w ${build.linkerFlags ?? ""}`.trim();
  const flags = [...(build.flags ?? []), "-trimpath", "-ldflags", linker, "-o", fresh];
  const env = build.toolchain === undefined ? {} : { GOTOOLCHAIN: build.toolchain };
  await run(["go", "build", ...flags, build.from], {
    cwd: GO_SOURCE,
    env: { ...goEnv(), ...env },
  });
  await rename(fresh, build.target);
}

export function goEnv(): Record<string, string> {
  return { CGO_ENABLED: "0", GOOS: "linux", GOFLAGS: "-mod=readonly -buildvcs=false" };
}
