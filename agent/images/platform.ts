import type { Platform } from "./model.ts";

/** What `uname -m` says, by the platform that it means. */
const MACHINES: Readonly<Record<string, Omit<Platform, "os">>> = {
  x86_64: { architecture: "amd64" },
  aarch64: { architecture: "arm64" },
  arm64: { architecture: "arm64" },
  armv7l: { architecture: "arm", variant: "v7" },
  armv6l: { architecture: "arm", variant: "v6" },
  ppc64le: { architecture: "ppc64le" },
  s390x: { architecture: "s390x" },
  riscv64: { architecture: "riscv64" },
};

/** The platform of a Linux machine; `undefined` for one that no image is made for. */
export function platformOfMachine(machine: string): Platform | undefined {
  const found = Object.hasOwn(MACHINES, machine) ? MACHINES[machine] : undefined;
  return found && { os: "linux", ...found };
}

/** `linux/arm/v7`. */
export function platformText({ os, architecture, variant }: Platform): string {
  return `${os}/${architecture}${variant === undefined ? "" : `/${variant}`}`;
}

/** `linux/amd64, linux/arm64`, each once. */
export function platformList(platforms: readonly Platform[]): string {
  return [...new Set(platforms.map(platformText))].join(", ");
}

/** Whether a machine runs images of a platform (containerd: platforms, the default matcher's first choice). */
export function runsOn(image: Platform, machine: Platform): boolean {
  if (image.os !== machine.os || image.architecture !== machine.architecture) return false;
  if (image.architecture === "arm64") return image.variant === undefined || image.variant === "v8";
  if (image.architecture !== "arm") return image.variant === undefined || image.variant === "v1";
  return (image.variant ?? "v7") <= (machine.variant ?? "v7");
}

/** The best of what a machine runs; `undefined` where it runs none. */
export function choosePlatform<Choice extends { readonly platform?: Platform }>(
  choices: readonly Choice[],
  machine: Platform,
): Choice | undefined {
  const fitting = choices.filter(
    ({ platform }) => platform !== undefined && runsOn(platform, machine),
  );
  // The highest variant that it runs: v7 before v6.
  return fitting.sort((a, b) =>
    (b.platform?.variant ?? "").localeCompare(a.platform?.variant ?? ""),
  )[0];
}
