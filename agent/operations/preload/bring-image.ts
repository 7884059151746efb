import { createHash } from "node:crypto";
import { pipeline, type Readable } from "node:stream";
import pLimit from "p-limit";
import { describeCode } from "../../errors.ts";
import { dockerArchive } from "../../images/docker-archive.ts";
import type { FrozenImage } from "../../images/frozen-image.ts";
import { layoutTar } from "../../images/layout-tar.ts";
import { PacedStream } from "../../images/paced-stream.ts";
import { serveImage } from "../../images/serve-images.ts";
import { SourceFailure } from "../../images/source.ts";
import type { PreloadItem } from "../../model.ts";
import {
  composeIngest,
  composeLoad,
  composeLoadArchive,
  composePull,
  type ImageTerms,
  type NodeRequest,
} from "../../node/compose.ts";
import type { Rate } from "../../util/rate.ts";
import type { NodeLogin, NodeShell, ShellAnswer } from "../node-try.ts";
import type { PreloadWay } from "./model.ts";
import type { MissingLayer, NodePlan } from "./plan-node.ts";
import { asFailure, sourceError } from "./source-error.ts";

/** One image that a node lacks, and how it is brought there. */
export interface BringWork {
  readonly image: FrozenImage;
  readonly plan: Extract<NodePlan, { type: "load" }>;
  readonly way: PreloadWay;
  readonly pin: boolean;
  readonly set?: string;
  /** The longest one layer may take, ms. */
  readonly layerMs: number;
  /** Limits that this node's layers share with others, or have for themselves. */
  readonly rates: readonly Rate[];
  readonly request: (login: NodeLogin) => Omit<NodeRequest, "replace">;
  /** Told of bytes of layers that went to the node. */
  readonly onSent: (image: FrozenImage, bytes: number) => void;
}

/** Why a node did not take it. */
type Refusal = Pick<PreloadItem, "code" | "message">;

/** Brings it by the way that is wanted, or another one that the node takes. */
export async function bringImage(
  shell: NodeShell,
  options: BringWork,
): Promise<{ readonly way: NonNullable<PreloadItem["way"]> } | { readonly refused: Refusal }> {
  const { way, plan } = options;
  if (plan.engine !== "containerd") {
    const refused = await loadArchive(shell, options);
    return refused === undefined ? { way: "load" } : { refused };
  }
  if (way === "tunnel" || (way !== "ingest" && plan.suitsPull)) {
    const pulled = await pullThrough(shell, options);
    if (pulled !== "no-way") return pulled === undefined ? { way: "tunnel" } : { refused: pulled };
  }
  const refused = await loadImage(shell, options);
  return refused === undefined ? { way: "ingest" } : { refused };
}

/**
 * The node's containerd pulls from a registry at the other end of this connection.
 *
 * @returns why it did not; `no-way` where the node lets no connection back here
 */
async function pullThrough(
  shell: NodeShell,
  { image, plan, request, layerMs, rates, onSent, ...options }: BringWork,
): Promise<Refusal | undefined | "no-way"> {
  const pace = paceOf(rates, (bytes) => onSent(image, bytes));
  const served = serveImage({ image, made: plan.image, pace });
  const forwarded = await shell.forward?.((stream) => served.server.emit("connection", stream));
  if (forwarded === undefined) return "no-way";
  try {
    const terms = termsOf({ image, plan, ...options });
    const { answer } = await shell.run(
      (login) => composePull(request(login), { port: forwarded.port, token: served.token }, terms),
      {
        digest: image.top.digest.slice("sha256:".length),
        ...{ totalMs: layerMs, idleMs: layerMs },
      },
    );
    const failure = served.failure();
    if (failure instanceof SourceFailure) throw sourceError(failure);
    return answer.status === "failed" ? failureOf(answer) : undefined;
  } finally {
    served.close();
    await forwarded.close();
  }
}

/** By `docker load` or `podman load`: one archive, of what the engine lacks. */
async function loadArchive(
  shell: NodeShell,
  { image, plan, request, layerMs, rates, onSent }: BringWork,
): Promise<Refusal | undefined> {
  const { config, layers } = plan.image;
  const pace = paceOf(rates, (bytes) => onSent(image, bytes));
  const archive = dockerArchive({
    ...{ name: image.name, config, layers, sent: plan.missing },
    read: async (digest) => {
      const bytes = await asFailure(() => image.read(digest, 0));
      return through(bytes, new PacedStream(pace));
    },
  });
  // What can't be had ends the run before the node waits for it.
  for (const { digest } of plan.missing) await asFailure(() => image.fetch(digest));
  const { answer } = await shell.run(
    (login) =>
      composeLoadArchive(request(login), {
        ...{ name: image.name, id: config.digest, sizeBytes: archive.sizeBytes },
      }),
    {
      digest: config.digest.slice("sha256:".length),
      totalMs: layerMs * Math.max(1, plan.missing.length),
      idleMs: layerMs,
      more: () => Promise.resolve(archive.stream()),
    },
  );
  return answer.status === "failed" ? failureOf(answer) : undefined;
}

function termsOf({
  image,
  plan,
  pin,
  set,
}: Pick<BringWork, "image" | "plan" | "pin" | "set">): ImageTerms {
  return {
    ...{ name: image.name, byDigest: image.byDigest, top: image.top.digest },
    ...{ platform: plan.platform, pin },
    ...(set === undefined ? {} : { set }),
    // Also those that a run which was cut off has put there.
    layers: [...new Set(plan.image.layers.map(({ digest }) => digest))],
  };
}

/** @returns why it was not loaded */
async function loadImage(shell: NodeShell, options: BringWork): Promise<Refusal | undefined> {
  const { image, plan, request, layerMs } = options;
  const refused = await sendLayers(shell, options);
  if (refused !== undefined) return refused;
  const { manifest, config } = plan.image;
  const layout = layoutTar(image.name, [image.top, manifest, config]);
  const { answer } = await shell.run(
    (login) => composeLoad(request(login), layout, termsOf(options)),
    // Nothing is said while it is unpacked.
    {
      digest: createHash("sha256").update(layout).digest("hex"),
      ...{ totalMs: layerMs, idleMs: layerMs },
    },
  );
  return answer.status === "failed" ? failureOf(answer) : undefined;
}

/** A channel alone fills no link: the window of SSH is small for a long way. */
const LAYERS_AT_ONCE = 3;

/** What is on its way in a channel is lost with a link: one that was lost before carries one layer at a time. */
function layersAtOnce(missing: readonly MissingLayer[]): number {
  return missing.some(({ from }) => from > 0) ? 1 : LAYERS_AT_ONCE;
}

/** @returns why one was not taken; no further one is begun then */
async function sendLayers(
  shell: NodeShell,
  { image, plan, request, layerMs, rates, onSent }: BringWork,
): Promise<Refusal | undefined> {
  const limit = pLimit(layersAtOnce(plan.missing));
  const pace = paceOf(rates, (bytes) => onSent(image, bytes));
  let refused: Refusal | undefined;
  let isOver = false;
  const send = async (layer: MissingLayer) => {
    if (isOver) return;
    try {
      // Before the node waits for it.
      await asFailure(() => image.fetch(layer.digest));
      const { answer } = await shell.run((login) => composeIngest(request(login), layer), {
        digest: layer.digest.slice("sha256:".length),
        totalMs: layerMs,
        more: async () => {
          const bytes = await asFailure(() => image.read(layer.digest, layer.from));
          return through(bytes, new PacedStream(pace));
        },
      });
      if (answer.status === "failed") refused ??= failureOf(answer);
      isOver ||= answer.status === "failed";
    } catch (error) {
      isOver = true;
      throw error;
    }
  };
  // All have ended before the connection goes.
  const ends = await Promise.allSettled(plan.missing.map((layer) => limit(() => send(layer))));
  const thrown = ends.find((end) => end.status === "rejected");
  if (thrown !== undefined) throw thrown.reason;
  return refused;
}

function failureOf({
  code,
  detail,
}: Extract<ShellAnswer["answer"], { status: "failed" }>): Refusal {
  const { title } = describeCode(code);
  return { code, message: detail === "" ? title : `${title}: ${detail}` };
}

/** Counts bytes on their way, and lets them go as fast as all limits allow. */
function paceOf(rates: readonly Rate[], onBytes: (bytes: number) => void) {
  return async (bytes: number) => {
    await Promise.all(rates.map((rate) => rate.take(bytes)));
    onBytes(bytes);
  };
}

/** What fails or ends early on either side, ends both. */
function through(source: Readable, paced: PacedStream): Readable {
  return pipeline(source, paced, () => undefined);
}
