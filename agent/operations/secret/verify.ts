import { performance } from "node:perf_hooks";
import pLimit from "p-limit";
import type { Gateway } from "../../cluster/gateway.ts";
import { watchPods } from "../../cluster/pod-watch.ts";
import type { Pod } from "../../cluster/pods.ts";
import { type PodPull, readPodPull } from "../../cluster/pull-secrets.ts";
import { describeCode, PullcastError } from "../../errors.ts";
import { type AnonymousAnswer, askAnonymously } from "../../registry/anonymous.ts";
import type { Reach } from "../../registry/https-request.ts";
import { readReach } from "../../registry/reach.ts";
import { type ImageReference, parseReference, repositoryOf } from "../../registry/reference.ts";
import { tryCredential } from "../../registry/try-credential.ts";
import { findInPod } from "../explain/from-pod.ts";
import { frameFault, isOwnPod, newPodToken, podFrame, runSelector } from "../pod-frame.ts";
import { newRunId } from "../run-id.ts";
import { sweepPods } from "../sweep-pods.ts";
import { awaitPull, type PodOutcome, startLimit } from "../verify/await-pull.ts";
import { createPod } from "../verify/create-pod.ts";
import { INTERRUPTED, judgeTry } from "../verify/judge.ts";
import { removeQuietly } from "../verify/remove-pods.ts";
import { pullContainer } from "../verify/test-pod.ts";
import type { AccountPull, SecretVerifyOptions, SecretVerifyReport } from "./model.ts";
import { type Session, withSession } from "./session.ts";
import { selectNamespaces } from "./survey.ts";

/**
 * Proves by a pod for each ServiceAccount, on whichever node takes it, that it pulls an image with the Secrets that its
 * ServiceAccount gives it, and names the one that the registry lets in. The pods are removed at the end.
 *
 * @returns an item for each namespace and ServiceAccount
 * @throws {PullcastError} PC160 where no namespace is meant, PC701 (no image reference), PC001 (the CA file), PC10x where
 *   the cluster is lost
 */
export async function secretVerify(options: SecretVerifyOptions): Promise<SecretVerifyReport> {
  const { image, maxPulls, signal } = options;
  const reference = parseReference(image);
  const reach = await readReach(options);
  const names = options.accounts.names.length === 0 ? ["default"] : options.accounts.names;
  return await withSession(options, async (session) => {
    const namespaces = await selectNamespaces(session, options.namespaces);
    const run = newRunId(new Date());
    const limit = pLimit(maxPulls);
    const deadline = new Date(Date.now() + options.timeoutMs);
    const anonymous = askAnonymously(reference, { ...reach, signal });
    anonymous.catch(() => undefined);
    const proof = { ...session, options, reference, reach, run, deadline, anonymous };
    const wanted = namespaces.flatMap((namespace) =>
      names.map((account) => ({ namespace, account })),
    );
    const items = await Promise.all(
      wanted.map(({ namespace, account }, index) =>
        namespace.terminating
          ? passedOver(namespace.name, account)
          : limit(() => proveAccount({ namespace: namespace.name, account, index }, proof)),
      ),
    );
    return { kind: "SecretVerifyReport", image, ...session.facts(), items };
  });
}

interface Proof extends Pick<Session, "gateway"> {
  readonly options: SecretVerifyOptions;
  readonly reference: ImageReference;
  readonly reach: Reach;
  readonly run: string;
  readonly deadline: Date;
  readonly anonymous: Promise<AnonymousAnswer>;
}

interface Asked {
  readonly namespace: string;
  readonly account: string;
  readonly index: number;
}

function passedOver(namespace: string, account: string): AccountPull {
  const { title, fix } = describeCode("PC162");
  const ending = { result: "skipped", code: "PC162", message: title, fix } as const;
  return { namespace, account, ...ending, secrets: [], durationMs: 0 };
}

async function proveAccount(asked: Asked, proof: Proof): Promise<AccountPull> {
  const { namespace, account } = asked;
  const place = { namespace, account };
  const began = performance.now();
  const durationMs = () => Math.round(performance.now() - began);
  if (proof.options.signal.aborted) {
    const message = "the run was interrupted first";
    return { ...place, result: "not-attempted", message, secrets: [], durationMs: 0 };
  }
  const { outcome, pull } = await tryAccount(asked, proof);
  const anonymous = await proof.anonymous;
  const verdict =
    judgeTry(
      { createdAt: new Date(), durationMs: durationMs(), outcome, ran: "-" },
      {
        ...{ proof: "pull", reference: proof.reference, image: proof.options.image, anonymous },
        target: { name: pull?.node ?? "", host: "", addressKind: "name" },
        assumePrivate: proof.options.assumePrivate,
        ...{ effectiveBy: undefined, deniedBefore: false },
      },
    ) ?? INTERRUPTED;
  const secrets = pull?.secrets.map(({ name }) => name) ?? [];
  const { ran: _ran, warnings: _warnings, ...told } = verdict;
  const item: AccountPull = {
    ...place,
    ...told,
    secrets,
    ...(pull?.node === undefined ? {} : { node: pull.node }),
    durationMs: durationMs(),
  };
  if (verdict.result !== "pulled" || pull === undefined) return item;
  return { ...item, ...(await winner(pull, proof)), durationMs: durationMs() };
}

/** Which Secret's login the registry lets in, in the kubelet's order; none: the node's own served. */
async function winner(
  pull: PodPull,
  { options, reference, reach }: Proof,
): Promise<Partial<AccountPull>> {
  const { image, signal } = options;
  const { candidates } = findInPod(pull, { image, repository: repositoryOf(reference) });
  for (const { login, source } of candidates) {
    if (login === undefined) continue;
    const { auth } = login;
    const asked = { ...reach, registry: reference.domain, auth, image: reference, signal };
    const { result } = await tryCredential(asked);
    // What nobody can ask from here is the first that the kubelet tries.
    if (result === "denied" || result === "expired") continue;
    return { secret: source.replace(/^secret [^/]+\//, "") };
  }
  const { title, fix } = describeCode("PC179");
  return { result: "by-node", code: "PC179", message: title, fix };
}

interface Tried {
  readonly outcome: PodOutcome;
  /** What the pod brought to the pull; absent where there was no pod, or it is gone. */
  readonly pull?: PodPull;
}

/** One pod's life. */
async function tryAccount({ namespace, account, index }: Asked, proof: Proof): Promise<Tried> {
  const { gateway, run, deadline, options } = proof;
  const { image, signal } = options;
  const token = newPodToken();
  const frame = podFrame({
    app: "pullcast-verify",
    ...{ run, index, token, deadlineSeconds: Math.ceil(options.timeoutMs / 1000) + 60 },
  });
  const creation = await createPod(gateway, {
    namespace,
    signal,
    isOwn: (pod) => isOwnPod(pod, token),
    pod: { apiVersion: "v1", kind: "Pod", ...frame, spec: specOf(frame.spec, { account, image }) },
  });
  if ("refusal" in creation) return { outcome: { type: "broken", ...creation.refusal } };
  const { pod } = creation;
  const watch = watchPods(gateway, { namespace, selector: runSelector(run) });
  try {
    const faultOf = (seen: Pod) => frameFault(seen, { image, token });
    const fault = faultOf(pod);
    if (fault !== undefined) return { outcome: { type: "broken", code: "PC508", message: fault } };
    const startMs = startLimit({});
    const waiting = { gateway, watch, pod, faultOf, startMs, deadline, signal };
    const outcome = await awaitPull(waiting);
    const pull = await readPull(gateway, pod);
    return pull === undefined ? { outcome } : { outcome, pull };
  } finally {
    await watch.close();
    await removeQuietly(gateway, pod);
    if (signal.aborted) {
      await sweepPods(gateway, { namespace, run, pods: 1, report: () => undefined });
    }
  }
}

/** Admission gives the pod its ServiceAccount's Secrets, as it does with every pod that names none. */
function specOf(
  spec: ReturnType<typeof podFrame>["spec"],
  { account, image }: { readonly account: string; readonly image: string },
): object {
  return {
    ...spec,
    serviceAccountName: account,
    containers: [pullContainer(image)],
  };
}

async function readPull(gateway: Gateway, { metadata }: Pod): Promise<PodPull | undefined> {
  const { namespace, name } = metadata;
  try {
    return await readPodPull(gateway, { namespace, name });
  } catch (error) {
    if (error instanceof PullcastError) return undefined;
    throw error;
  }
}
