import { type Code, describeCode } from "../../errors.ts";
import type { FrozenImage } from "../../images/frozen-image.ts";
import type { Platform } from "../../images/model.ts";
import { platformOfMachine } from "../../images/platform.ts";
import { imageUse } from "../../kubelet/image-use.ts";
import type { PreloadItem } from "../../model.ts";
import { composeLedger, composeStock } from "../../node/compose.ts";
import { type NodeStock, readLedger, readStock } from "../../node/read-stock.ts";
import { isLatest, parseReference, repositoryOf } from "../../registry/reference.ts";
import type { NodeAnswer, NodeShell, ShellAnswer } from "../node-try.ts";
import { type BringWork, bringImage } from "./bring-image.ts";
import { type NodePlan, planNode, stockQuestion } from "./plan-node.ts";
import { withLoaded } from "./reckon-stock.ts";
import { asFailure } from "./source-error.ts";

/** What became of one image on one node, as far as it came. */
export type ImageOutcome = Pick<
  PreloadItem,
  | "result"
  | "way"
  | "missingBytes"
  | "sentBytes"
  | "platform"
  | "pinned"
  | "offline"
  | "offlineWhy"
  | "starts"
  | "code"
  | "message"
>;

interface LoadOptions extends Omit<BringWork, "image" | "plan"> {
  readonly images: readonly FrozenImage[];
  /** Of nodes, as the cluster knows them: what may be asked for. */
  readonly platforms: readonly Platform[];
  readonly dryRun: boolean;
  readonly diskLimit?: number;
  /** Whether the API server makes each pod pull. */
  readonly alwaysPull?: boolean;
  /** Told of each image's outcome, also again after a link was lost; what was sent is counted on. */
  readonly tell: (image: FrozenImage, outcome: ImageOutcome) => void;
  /** Told what the node lacks of an image, before that is sent. */
  readonly onPlan: (image: FrozenImage, missingBytes: number) => void;
  /** Told of references that the set held and holds no more. */
  readonly onLeft: (refs: readonly string[]) => void;
}

/** Brings images to one node over one connection: looks what it has, sends what it lacks, makes images of it. */
export async function loadNode(shell: NodeShell, options: LoadOptions): Promise<NodeAnswer> {
  const { images, platforms, request, tell, set, dryRun } = options;
  const question = await asFailure(() => stockQuestion(images, platforms));
  const look = () =>
    shell.run((login) => composeStock(request(login), question), { keepAll: true });
  let looked = await look();
  if (looked.answer.status === "failed") return looked.answer;
  let stock = readStock(looked.stdout, looked.nonce);
  // Else it is what the node had, and what it was sent since.
  let isSeen = true;
  let moved = 0;
  let failed = 0;
  for (const image of images) {
    for (;;) {
      const outcome = await workOn(shell, image, { ...options, stock });
      // What a cut run left behind is still at work there, or the store was cleaned up meanwhile.
      const hasMoved = outcome.code === STALE && moved < MAX_MOVED;
      if (hasMoved || (outcome.result === "failed" && !isSeen)) {
        looked = await look();
        if (looked.answer.status === "failed") return looked.answer;
        stock = readStock(looked.stdout, looked.nonce);
        isSeen = true;
        moved += 1;
        continue;
      }
      tell(image, outcome);
      if (outcome.result === "failed") failed += 1;
      if (outcome.result === "loaded") {
        stock = await withLoaded(stock, image, outcome.missingBytes ?? 0);
        isSeen = false;
      }
      break;
    }
  }
  // A set that is not whole lets nothing go: what it held before is better than a part of either.
  if (set !== undefined && !dryRun && failed === 0) {
    const kept = await keepSet(shell, { ...options, set });
    if (kept.status === "failed") return kept;
  }
  // The kubelet's file was not touched: nothing of this answer is about it.
  return { ...looked.answer, what: "unchanged", dryRun: true };
}

async function keepSet(
  shell: NodeShell,
  { images, set, request, onLeft }: LoadOptions & { readonly set: string },
): Promise<ShellAnswer["answer"]> {
  const refs = images.flatMap(({ name, byDigest }) => [name, byDigest]);
  const ran = await shell.run(
    (login) => composeLedger(request(login), { type: "keep", set, refs: [...new Set(refs)] }),
    { keepAll: true },
  );
  onLeft(readLedger(ran.stdout, ran.nonce).left.map(({ ref }) => ref));
  return ran.answer;
}

/** The node's stock is another one than it was. */
const STALE = "PC745";
/** A node is looked at anew so often for that: each look takes a part of a second. */
const MAX_MOVED = 10;

/** Brings one image to the node, by what that was seen to have. */
async function workOn(
  shell: NodeShell,
  image: FrozenImage,
  options: LoadOptions & { readonly stock: NodeStock },
): Promise<ImageOutcome> {
  const { stock, dryRun, pin, onPlan } = options;
  const plan = await asFailure(() => planNode(image, stock, options));
  const use = await asFailure(() => useOf(shell, image, options));
  if (plan.type !== "load" || dryRun) return { ...plannedOutcome(plan), ...use };
  const { platform, missingBytes } = plan;
  const pinned = pin && plan.engine === "containerd";
  onPlan(image, missingBytes);
  const brought = await bringImage(shell, { ...options, image, plan });
  if ("refused" in brought) return { result: "failed", platform, ...brought.refused };
  return { result: "loaded", way: brought.way, platform, missingBytes, pinned, ...use };
}

/** What the node's kubelet makes of the image once it is there; nothing where it is not for the node. */
async function useOf(
  { target }: NodeShell,
  image: FrozenImage,
  { stock, alwaysPull }: Pick<LoadOptions, "alwaysPull"> & { readonly stock: NodeStock },
): Promise<Pick<ImageOutcome, "offline" | "offlineWhy">> {
  const machine = platformOfMachine(stock.machine);
  const made = machine && (await image.forMachine(machine));
  if (made === undefined) return {};
  const { policy, gate, allowlist } = stock.settings;
  const record = stock.records.get(made.config.digest);
  const reference = parseReference(image.name);
  const { offline, why } = imageUse({
    ...{ image: image.name, repository: repositoryOf(reference), isLatest: isLatest(reference) },
    allowlist,
    ...(target.node === undefined ? {} : { kubeletVersion: target.node.kubeletVersion }),
    ...(policy === undefined ? {} : { policy }),
    ...(gate === undefined ? {} : { gate }),
    ...(record === undefined ? {} : { record: record.repositories }),
    ...(alwaysPull === undefined ? {} : { alwaysPull }),
  });
  return { offline, ...(why === undefined ? {} : { offlineWhy: why }) };
}

function plannedOutcome(plan: NodePlan): ImageOutcome {
  const { platform } = "platform" in plan ? plan : {};
  const failed = (code: Code, detail: string): ImageOutcome => ({
    result: "failed",
    ...(platform === undefined ? {} : { platform }),
    ...{ code, message: `${describeCode(code).title}: ${detail}` },
  });
  switch (plan.type) {
    case "present":
      return { result: "present", platform: plan.platform, pinned: plan.pinned, missingBytes: 0 };
    case "load":
      return { result: "would-load", platform: plan.platform, missingBytes: plan.missingBytes };
    case "no-platform":
      return failed("PC713", plan.platform);
    case "no-sets":
      return failed("PC719", "docker and CRI-O keep no labels of images");
    case "too-large":
      return failed("PC714", plan.words);
  }
}
