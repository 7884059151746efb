import type Docker from "dockerode";
import type { SshKeyPair } from "../rig/new-ssh-key.ts";
import type { BedNetwork } from "./docker.ts";
import type { Progress, UpOptions } from "./model.ts";
import type { PlannedNode } from "./nodes.ts";

/** What all steps of bringing a bed up share. */
export interface Building {
  readonly docker: Docker;
  readonly options: UpOptions & { readonly name: string };
  readonly report: Progress;
  /** The bed's state directory. */
  readonly dir: string;
  readonly network: BedNetwork;
  readonly userKey: SshKeyPair;
  readonly nodes: readonly PlannedNode[];
}
