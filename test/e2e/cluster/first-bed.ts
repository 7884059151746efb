import type { TestProject } from "vitest/node";
import { shareBed } from "./shared-bed.ts";

export const setup = (project: TestProject) => shareBed(project, { name: `e2e-${process.pid}` });
