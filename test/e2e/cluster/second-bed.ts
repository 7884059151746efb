import type { TestProject } from "vitest/node";
import { CONTAINERDS } from "../../bed/index.ts";
import { shareBed } from "./shared-bed.ts";

/** What preloading says of one line of containerd holds of them all: each node has another. */
export const setup = (project: TestProject) =>
  shareBed(project, { name: `e2e-${process.pid}`, containerd: CONTAINERDS });
